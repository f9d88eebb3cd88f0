"""What axe-core finds in a page: violations of WCAG 2.1 at levels A and AA.

Its script comes with the package `axe-core-python`; TOMBOLA_AXE names another, newer ``axe.min.js``.
"""

import importlib.util
import os
from pathlib import Path
from typing import Any, Final

from tests.report.browser import Page

_ASKED: Final = (
    "axe.run({include: [['html']], exclude: [['tr:nth-child(n+5)']]}, {preload: false, resultTypes: ['violations'],"
    " runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}).then(said => said.violations.flatMap(broken =>"
    " broken.nodes.map(node =>"
    " `${broken.id}: ${node.target.join(' ')}: ${node.failureSummary.split('\\n')[1] || ''}`)))"
)


def _script() -> Path | None:
    if named := os.environ.get("TOMBOLA_AXE"):
        return Path(named)
    found = importlib.util.find_spec("axe_core_python")
    places = (found.submodule_search_locations or []) if found else []
    return next((Path(place) / "axe.min.js" for place in places), None)


AXE: Final = _script()


def violations(page: Page) -> list[str]:
    """A line for every element that breaks a rule, as the page is shown now; none where axe is not there.

    Of a table the first rows are looked at: those below are made alike, and would take minutes.
    """
    if AXE is None:
        return []
    if page.ask("typeof axe") == "undefined":
        page.ask(AXE.read_text("utf-8") + ";0")  # what the script itself gives is nothing that could be sent
    found: Any = page.ask(_ASKED)
    return [str(line) for line in found]
