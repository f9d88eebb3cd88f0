"""The built documentation in a real browser: nothing asked of the network, no complaint, nothing wider than the window,
and nothing against axe's rules (WCAG 2.1 AA) on home, a tutorial and a page of cards.

Pictures of what was tested go into the folder that TOMBOLA_ARTEFACTS names, else into the test's own.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tests.docs.shown import ROOT
from tests.report.axe import violations
from tests.report.browser import CHROMIUM, Page, browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.enable_socket,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here"),
]
PAGES = ("index", "tutorial/first-ticket", "tutorial/a-study", "reference/schemes", "reference/cli")
CHECKED = ("index", "tutorial/first-ticket", "reference/schemes")
"""By axe, which takes its time; the others are made of the same parts."""
WIDTHS = (390, 820, 1440)
_OF_THE_THEME = "FormLabelForMatchesNonExistingIdError"
"""Material's table of contents has a label without an input where a page is long."""


class Quiet(SimpleHTTPRequestHandler):
    """Serves, and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """Nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of this machine with the pages, built anew."""
    site = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, ROOT / "docs" / "reference.py"], cwd=ROOT, check=True)
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    subprocess.run(build, cwd=ROOT, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        # The theme keeps the first choice of light or dark; each page is read by somebody who comes for the first time.
        page("Page.addScriptToEvaluateOnNewDocument", source="try { localStorage.clear() } catch {}")
        yield page


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_a_page_stands_in_its_window(
    tab: Page, address: str, tmp_path: Path, name: str, width: int, dark: bool
) -> None:
    tab.look(width, dark=dark)
    tab.problems.clear()
    tab.requests.clear()
    tab.open(f"{address}/{name}.html")
    tone = "slate" if dark else "default"
    tab.until(f"document.body.getAttribute('data-md-color-scheme') === '{tone}'")
    assert tab.ask("document.documentElement.scrollWidth") == width
    tab.until("document.querySelectorAll('img').length === [...document.images].filter(i => i.naturalWidth).length")
    assert tab.ask("[...document.images].filter(i => !i.alt).length") == 0
    assert [text for text in tab.problems if _OF_THE_THEME not in text] == []
    assert [url for url in tab.requests if not url.startswith((address, "about:", "data:", "blob:"))] == []
    assert name not in CHECKED or violations(tab) == []
    kept = Path(os.environ.get("TOMBOLA_ARTEFACTS") or tmp_path)
    picture = tab.picture(kept / f"docs-{name.replace('/', '-')}-{width}-{'dark' if dark else 'light'}.png")
    assert picture.stat().st_size > 10_000


def test_a_word_is_found(tab: Page, address: str) -> None:
    tab.look(1440)
    tab.open(f"{address}/index.html")
    tab.ask("document.querySelector('.md-search__input').focus()")
    tab("Input.insertText", text="stripe")
    tab.until("document.querySelectorAll('.md-search-result__item').length > 0")
