"""The demo's page, a page of speed and a page with every figure by axe's rules (WCAG 2.1 AA), in windows and on paper.

Pictures of what was tested go into the folder that TOMBOLA_ARTEFACTS names, else into the test's own.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.docs.shown import ROOT
from tests.report.axe import AXE, violations
from tests.report.browser import CHROMIUM, Page, browser
from tests.report.rows import PROPERTIES, demo_about, layer_rows, wide_rows
from tests.report.test_speed import rows as timed_rows

from tombola.report.about import About
from tombola.report.page import write_report
from tombola.rows import read_rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here"),
    pytest.mark.skipif(AXE is None, reason="no axe-core here: pip install axe-core-python, or TOMBOLA_AXE=axe.min.js"),
]
WIDTHS: Final = (390, 820, 1440)
GROUNDS: Final = ("rgb(255, 255, 255)", "rgb(20, 23, 27)")
"""Light and dark."""
PAGES: Final = ("demo", "speed", "figures")
PAPER: Final = 794
"""A4 in pixels."""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three pages."""
    place = tmp_path_factory.mktemp("pages")
    stored = ROOT / "results" / "demo"
    about = About.model_validate_json((stored / "about.json").read_text("utf-8"))
    write_report(read_rows(stored / "rows.jsonl"), about, place / "demo.html")
    write_report(timed_rows(), About(name="speed", task="digits"), place / "speed.html")
    few = wide_rows(2, ("natural", "robust"), (0.0, 0.5, 0.9, 0.95, 0.98), properties=PROPERTIES[:2])
    write_report([*few, *layer_rows()], demo_about(), place / "figures.html")
    return place


def kept(tmp_path: Path, name: str) -> Path:
    return Path(os.environ.get("TOMBOLA_ARTEFACTS") or tmp_path) / name


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_against_the_rules_at_any_width(
    tab: Page, folder: Path, tmp_path: Path, name: str, dark: bool
) -> None:
    for width in WIDTHS:
        tab.look(width, dark=dark)
        tab.problems.clear()
        tab.open(folder / f"{name}.html")
        tab.picture(kept(tmp_path, f"{name}-{width}-{'dark' if dark else 'light'}.png"), whole=True)
        assert tab.ask("document.documentElement.scrollWidth") == width
        assert tab.problems == []
        if name != "demo":  # whose tables are long, and are like the others'
            tab.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert tab.ask("getComputedStyle(document.body).backgroundColor") == GROUNDS[dark]
        assert violations(tab) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_no_name_touches_a_point(tab: Page, folder: Path, width: int) -> None:
    """The letters of a phone are wider in the picture than those of a desk."""
    tab.look(width)
    tab.open(folder / "speed.html")
    boxes = "[...document.querySelectorAll('#speed %s')].map(e => e.getBoundingClientRect())"
    apart = "n.right < p.left || p.right < n.left || n.bottom < p.top || p.bottom < n.top"
    touching = f"{boxes % '.mean'}.filter(p => !{boxes % 'text.name'}.every(n => {apart})).length"
    assert tab.ask(f"{boxes % 'text.name'}.length") == tab.ask(f"{boxes % '.mean'}.length") == 4
    assert tab.ask(touching) == 0


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_the_window_of_a_point_is_not_either(tab: Page, folder: Path, name: str, dark: bool) -> None:
    tab.look(1440, dark=dark)
    tab.open(folder / f"{name}.html")
    tab.click(*tab.place(".pt", tab.ask("document.querySelectorAll('.pt').length") - 1))
    tab.until("document.getElementById('panel').open")
    assert violations(tab) == []


@pytest.mark.parametrize("name", PAGES)
def test_it_fits_on_paper(tab: Page, folder: Path, tmp_path: Path, name: str) -> None:
    tab.look(PAPER, media="print")
    tab.open(folder / f"{name}.html")
    assert tab.ask("document.documentElement.scrollWidth") <= PAPER
    assert tab.printed(kept(tmp_path, f"{name}.pdf")).stat().st_size > 10_000


def test_what_is_against_the_rules_would_be_seen(tab: Page, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<html><title>x</title><img src='data:,'><p style='color:#aaa'>pale", encoding="utf-8")
    tab.open(page)
    assert {line.partition(":")[0] for line in violations(tab)} == {"html-has-lang", "image-alt", "color-contrast"}
