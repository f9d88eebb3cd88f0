"""The page in a real browser: nothing asked of the network, no complaint, and every point leads to its rows.

Pictures of what was tested go into the folder that TOMBOLA_ARTEFACTS names, else into the test's own.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.report.browser import CHROMIUM, Page, browser
from tests.report.rows import PROPERTIES, demo_about, layer_rows, wide_rows

from tombola.report.about import About
from tombola.report.page import write_report

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")]

FIGURES = (
    "sparsity_curves", "extreme_sparsities", "winners", "transfer_matrix", "fid_gain", "radar", "by_layer",
    "every_number", "cost", "provenance",
)  # fmt: skip
LOOKS = [(width, dark) for width in (390, 820, 1440) for dark in (False, True)]
OPEN, SHUT = "document.getElementById('panel').open", "!document.getElementById('panel').open"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with every figure."""
    about = About.of({**demo_about().model_dump(), "commands": ["tombola run wide"], "task": ""})
    prior = {"omp": "natural", "random": "robust"}
    layers = [
        row.model_copy(
            update={
                "study": "wide",
                "cell": {
                    "prior": prior[str(row.cell["scheme"])],
                    "target": "aircraft",
                    "draw.sparsity": row.cell["draw.sparsity"],
                    "draw.scheme": "omp",
                },
            }
        )
        for row in layer_rows()
        if row.cell["transfer"] == "linear"
    ]
    rows = [*wide_rows(4), *layers]
    return write_report(rows, about, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(autouse=True)
def _no_complaint(tab: Page) -> Iterator[None]:
    tab.problems.clear()
    tab.requests.clear()
    yield
    assert tab.problems == []
    assert [url for url in tab.requests if not url.startswith(("file:", "about:"))] == []


def point_in_the_open(tab: Page) -> int:
    """Which point nothing lies over: where lines meet, a click takes the uppermost."""
    found = tab.ask(
        "[...document.querySelectorAll('.pt')].findIndex(p => { p.scrollIntoView({block: 'center'});"
        " const b = p.getBoundingClientRect(), top = document.elementFromPoint((b.left + b.right) / 2,"
        " (b.top + b.bottom) / 2); return p.contains(top); })"
    )
    return int(found)


def kept(tmp_path: Path, name: str) -> Path:
    return Path(os.environ.get("TOMBOLA_ARTEFACTS") or tmp_path) / f"report-{name}.png"


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_every_figure_is_there_and_nothing_is_wider_than_the_window(
    tab: Page, file: Path, tmp_path: Path, width: int, dark: bool
) -> None:
    tab.look(width, dark=dark)
    tab.open(file)
    assert tab.ask("innerWidth") == width
    assert tab.ask("[...document.querySelectorAll('section[data-figure]')].map(s => s.dataset.figure)") == list(FIGURES)
    assert tab.ask("document.documentElement.scrollWidth") == width
    tab.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert tab.ask("document.documentElement.scrollWidth") == width
    small = "[...document.querySelectorAll('.plot')].filter(p => p.getBoundingClientRect().height < 100).length"
    assert tab.ask(small) == 0
    outside = (
        "[...document.querySelectorAll('main > *, h1, h2, h3, p, figure, svg.plot text')].filter(e => {"
        " const b = e.getBoundingClientRect(); return b.width && (b.left < -1 || b.right > innerWidth + 1)"
        " && !e.closest('.scroll'); }).map(e => e.outerHTML.slice(0, 99))"
    )
    assert tab.ask(outside) == []
    dim = tab.ask("getComputedStyle(document.body).backgroundColor")
    assert dim == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
    tab.ask("document.querySelectorAll('details').forEach(d => d.open = false)")
    assert tab.picture(kept(tmp_path, f"{width}-{'dark' if dark else 'light'}"), whole=True).stat().st_size > 50_000


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_a_point_opens_its_rows_and_their_command_and_escape_closes_them(
    tab: Page, file: Path, tmp_path: Path, width: int, dark: bool
) -> None:
    tab.look(width, dark=dark)
    tab.open(file)
    index = point_in_the_open(tab)
    where = tab.ask(f"document.querySelectorAll('.pt')[{index}].getAttribute('href')")
    (tab.tap if width == 390 else tab.click)(*tab.place(".pt", index))
    tab.until(OPEN)
    assert tab.ask("location.hash") == where
    told = tab.ask("document.getElementById('panel').innerText")
    line = tab.ask("document.querySelector(location.hash).cells[6].textContent")
    keys = re.findall(r"[0-9a-f]{16}(?= |$|[^0-9a-f])", line)
    assert len(keys) == 3
    assert all(key in told for key in keys)
    command = tab.ask("document.querySelector('#panel pre').innerText")
    assert command.startswith("tombola run wide --set ")
    assert "--set draw.sparsity=0." in command
    assert tab.ask("document.activeElement.closest('dialog')?.id") == "panel"
    assert tab.ask("(b => b.left >= 0 && b.right <= innerWidth && b.bottom <= innerHeight)"
                   "(document.getElementById('panel').getBoundingClientRect())")  # fmt: skip
    tab.picture(kept(tmp_path, f"{width}-{'dark' if dark else 'light'}-panel"))
    tab.press("Tab", "Tab", "Tab", "Tab", "Tab")
    assert tab.ask("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    tab.press("Escape")
    tab.until(SHUT)
    assert tab.ask("location.hash") == ""
    assert tab.ask("document.activeElement.closest('.plot') !== null")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_keyboard_alone_goes_from_point_to_point_and_opens_one(tab: Page, file: Path, width: int) -> None:
    tab.look(width)
    tab.open(file)
    tab.ask("document.querySelector('.plot').focus()")
    tab.press("ArrowRight")
    first = tab.ask("document.activeElement.getAttribute('aria-label')")
    assert ", 0 %: " in first
    assert tab.ask("document.getElementById('tip').innerText").startswith("0 % of the weights pruned")
    tab.press("ArrowRight")
    second = tab.ask("document.activeElement.getAttribute('aria-label')")
    assert second.split(",")[0] == first.split(",")[0]
    assert ", 50 %: " in second
    tab.press("ArrowUp", "ArrowUp", "ArrowUp")
    top = tab.ask("document.activeElement.getAttribute('aria-label')")
    tab.press("ArrowDown")
    below = tab.ask("document.activeElement.getAttribute('aria-label')")
    assert below != top
    assert ", 50 %: " in below
    tab.press("Enter")
    tab.until(OPEN)
    assert "#" + tab.ask("document.querySelector('#panel .caption a').innerText.slice(1)") == tab.ask("location.hash")
    tab.press("Escape")
    tab.until(SHUT)
    assert tab.ask("document.activeElement.getAttribute('aria-label')") == below
    tab.press("Tab")
    assert tab.ask("document.activeElement.matches('.plot')")


def test_every_kind_of_point_and_cell_opens_the_rows_it_stands_for(tab: Page, file: Path) -> None:
    tab.look(1440)
    tab.open(file)
    tab.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
    counts = {}
    for figure, kind in (
        ("sparsity_curves", ".pt"), ("extreme_sparsities", ".pt"), ("winners", "a.cell"), ("transfer_matrix", "a.cell"),
        ("fid_gain", ".pt"), ("radar", ".pt"), ("radar", "a.cell"), ("by_layer", ".pt"),
    ):  # fmt: skip
        tab.click(*tab.place(f"#{figure} {kind}", 1))
        tab.until(OPEN)
        counts[figure, kind] = tab.ask("document.querySelectorAll('#panel section table').length")
        assert tab.ask("document.querySelectorAll('#panel tbody tr, #panel table > tr').length") >= 2
        tab.click(*tab.place("#panel-close"))
        tab.until(SHUT)
    assert counts["winners", "a.cell"] == counts["transfer_matrix", "a.cell"] == 2
    assert counts["fid_gain", ".pt"] == 3
    assert counts["sparsity_curves", ".pt"] == counts["radar", ".pt"] == counts["by_layer", ".pt"] == 1


def test_a_link_opens_a_point_two_points_or_a_key(tab: Page, file: Path) -> None:
    tab.look(1440)
    tab.open(file)
    one, other = tab.ask("[...document.querySelectorAll('.pt')].slice(0, 2).map(p => p.getAttribute('href').slice(1))")
    key = tab.ask(f"document.getElementById('{one}').cells[6].textContent.split(' ')[0]")
    for fragment, parts in ((one, 1), (f"{one}+{other}", 2), (key, 1), (key + "0" * 48, 1), (key[:10], 1)):
        tab.open(file, fragment)
        tab.until(OPEN)
        assert tab.ask("document.querySelectorAll('#panel section').length") == parts, fragment
        assert one == tab.ask("document.querySelector('#panel .caption a').hash.slice(1, 12)") or fragment[0] != "p"
    tab.open(file, "nothing-there")
    assert tab.ask(SHUT)


def test_without_a_script_a_point_leads_to_its_line(tab: Page, file: Path) -> None:
    tab.look(1440)
    tab("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.open(file)
        index = point_in_the_open(tab)
        where = tab.ask(f"document.querySelectorAll('.pt')[{index}].getAttribute('href')")
        tab.click(*tab.place(".pt", index))
        tab.until(f"location.hash === {json.dumps(where)}")
        assert tab.ask("document.querySelector(':target').matches('.rows tr')")
        assert tab.ask("document.querySelector(':target').getBoundingClientRect().height") > 10
        assert tab.ask("document.getElementById('theme').hidden")
        assert tab.ask(SHUT)
    finally:
        tab("Emulation.setScriptExecutionDisabled", value=False)


def test_nothing_moves_by_itself_and_print_leaves_the_buttons_out(tab: Page, file: Path, tmp_path: Path) -> None:
    tab.look(1440, still=True)
    tab.open(file)
    assert tab.ask("document.getAnimations().length") == 0
    assert tab.ask("getComputedStyle(document.querySelector('button')).transitionDuration") == "0s"
    tab.ask("document.documentElement.dataset.theme = 'dark'")
    tab.look(800, dark=True, media="print")
    assert tab.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.ask("[...document.querySelectorAll('button')].every(b => getComputedStyle(b).display === 'none')")
    tab.picture(kept(tmp_path, "print"))


def test_what_is_read_out_names_every_plot_point_and_table(tab: Page, file: Path) -> None:
    """From the browser's own accessibility tree, which is what a screen reader is given."""
    tab.look(1440)
    tab.open(file)
    tab.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
    nodes = [node for node in tab("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]
    named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes]
    assert [role for role, name in named if role in ("link", "button", "region", "dialog") and not name] == []
    plots = tab.ask("document.querySelectorAll('.plot').length")
    assert sum(role == "group" and len(name) > 20 for role, name in named) >= plots
    assert ("main", "") in named
    assert ("navigation", "figures") in named


def test_a_large_page_opens_fast(tab: Page, tmp_path: Path) -> None:
    rows = wide_rows(12, ("natural", "pgd", "fast", "trades", "smoothing"), distance=False, properties=PROPERTIES[:3])
    large = write_report(rows, None, tmp_path / "large.html")
    tab.look(390)
    tab.open(large)
    spent = tab.ask("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert 0 < spent < 10_000  # milliseconds; about 600 on one core that is free


def test_on_paper_it_keeps_its_colours_and_fits(tab: Page, file: Path, tmp_path: Path) -> None:
    tab.look(794, media="print")
    tab.open(file)
    assert tab.ask("document.documentElement.scrollWidth") <= 794
    assert tab.ask("getComputedStyle(document.querySelector('.win')).printColorAdjust") == "exact"
    assert tab.ask("getComputedStyle(document.querySelector('.copy')).display") == "none"
    printed = tab.printed(kept(tmp_path, "print").with_suffix(".pdf"))
    assert printed.read_bytes().startswith(b"%PDF")
