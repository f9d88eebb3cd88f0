"""The page: well formed, by itself, small, escaped, and the same for rows in any order."""

import re
import time
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest
from tests.report.rows import LADDER, demo_about, demo_rows, layer_rows, row, wide_rows

from tombola.errors import OptionError
from tombola.report.about import About
from tombola.report.page import LARGEST, page, write_report
from tombola.rows import Row

VOID = {"meta", "br", "hr", "input", "link", "img"}


class Checker(HTMLParser):
    """Fails on an element that is not closed in order; keeps what could load something, the ids, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def demo() -> str:
    return page(demo_rows(), demo_about())


NASTY = '<script>alert("x")</script>&\'"'
VARIANTS: dict[str, list[Row]] = {
    "demo": demo_rows(),
    "nothing": [],
    "one value": [row(1.0)],
    "one seed": demo_rows(1),
    "one prior": [r for r in demo_rows() if r.cell["prior"] == "robust"],
    "one sparsity": [r for r in demo_rows() if r.cell["draw.sparsity"] == 0.8],
    "no sparsity": [row(v, s, draw__scheme=n) for n, v in (("omp", 1.0), ("imp", 2.0)) for s in range(3)],
    "holes": demo_rows()[::3],
    "flat": [row(50.0, s, prior=p, draw__sparsity=x) for p in "ab" for x in (0.0, 1.0) for s in range(3)],
    "nasty": [row(float(k), s, NASTY, NASTY, prior=NASTY + str(k), t=t, draw__sparsity=x)
              for k in range(9) for s in range(3) for t in (NASTY, "b") for x in (0.0, 0.5)],
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_any_rows_make_a_well_formed_page_that_loads_nothing(name: str) -> None:
    text = page(VARIANTS[name], About())
    found = Checker(text)
    assert [load for load in found.loads if not load.startswith("#")] == []
    assert "url(" not in text
    assert "@import" not in text
    assert len(found.ids) == len(set(found.ids))
    assert [tag for tag, _ in found.tags].count("h1") == 1
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ET.fromstring(svg)


def test_what_comes_from_the_rows_is_escaped() -> None:
    about = About(name=NASTY, title=NASTY, versions={NASTY: NASTY}, commands=(NASTY,), study=NASTY)
    text = page(VARIANTS["nasty"], about)
    assert "<script>alert" not in text
    found = Checker(text)
    assert [tag for tag, _ in found.tags].count("script") == 1
    assert NASTY in found.words


def test_the_demo_page_is_small_and_says_the_finding_first() -> None:
    text = demo()
    assert len(text.encode()) < 180_000
    words = Checker(text).words
    heading = words.index(next(w for w in words if w.startswith("On digits, by accuracy, ")))
    assert heading < words.index("Quality against sparsity")


def test_every_figure_of_the_demo_has_its_section_with_a_name() -> None:
    found = Checker(demo())
    sections = [attrs for tag, attrs in found.tags if tag == "section"]
    assert [attrs["data-figure"] for attrs in sections] == [
        "sparsity_curves", "winners", "transfer_matrix", "every_number", "cost", "provenance",
    ]  # fmt: skip
    assert all(attrs["aria-labelledby"] in found.ids for attrs in sections)


def test_plots_can_be_reached_read_out_and_come_with_their_numbers() -> None:
    found = Checker(demo())
    plots = [attrs for tag, attrs in found.tags if attrs.get("class") == "plot"]
    assert len(plots) == 4
    assert all(plot["tabindex"] == "0" and plot["role"] == "group" for plot in plots)
    assert "linear" in (plots[1]["aria-label"] or "")
    assert [tag for tag, _ in found.tags].count("details") == 5


def test_the_rows_order_does_not_matter() -> None:
    rows = demo_rows()
    Random(3).shuffle(rows)
    assert page(rows, demo_about()) == demo()


def test_a_large_study_stays_under_the_limit_and_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        row(k + s, 0, f"property{p}", prior=f"prior number {k}", layer=f"layer{n}", draw__sparsity=s)
        for k in range(2) for s in (0.0, 0.5) for n in range(40) for p in range(6)
    ]  # fmt: skip
    limit, whole = 400_000, page(rows, About())
    assert limit < len(whole.encode()) < LARGEST
    monkeypatch.setattr("tombola.report.page.LARGEST", limit)
    text = page(rows, About())
    assert len(text.encode()) < limit
    for words in ("The table is left out.", "Left out: too large for one page."):
        assert (words in text, words in whole) == (True, False)
    assert "180 more panels are in the table only." in text
    Checker(text)


def test_colours_keep_their_contrast_in_both_themes() -> None:
    for theme in themes():
        for ink in ("ink", "quiet", "link"):
            assert min(contrast(theme[ink], theme[paper]) for paper in ("paper", "soft")) >= 4.5, ink
        for line in (f"c{k}" for k in range(8)):
            assert contrast(theme[line], theme["paper"]) >= 3, line


def themes() -> list[dict[str, str]]:
    """The page's colours by name, in light and in dark."""
    css = re.search(r"<style>(.*?)</style>", demo(), re.DOTALL)
    assert css is not None
    blocks = re.findall(r":root[^{]*\{([^}]*)\}", css[1])[:2]
    return [dict(re.findall(r"--(\w+):(#[0-9a-f]+)", block)) for block in blocks]


def mixed(one: str, other: str, share: float) -> str:
    """``share`` of one colour in the other, as CSS's color-mix in srgb."""
    parts = [[int(full(colour)[k : k + 2], 16) for k in (0, 2, 4)] for colour in (one, other)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in zip(*parts, strict=True))


def full(colour: str) -> str:
    """``ffffff`` of ``#fff``."""
    return colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])


def contrast(one: str, other: str) -> float:
    """WCAG 2's ratio of two colours."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    digits = full(colour)
    parts = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_write_report_makes_the_folder_and_takes_plain_mappings(tmp_path: Path) -> None:
    out = write_report(demo_rows(), {"name": "demo", "stages": {"pretrain": 6}}, tmp_path / "new" / "report.html")
    assert out == tmp_path / "new" / "report.html"
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_what_cannot_be_read_of_the_study_is_said_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        write_report([], {"seconds": -1, "versions": 3}, tmp_path / "report.html")
    assert len(caught.value.problems) == 2
    assert not (tmp_path / "report.html").exists()


def test_every_link_of_a_page_leads_to_something_in_it() -> None:
    for rows in (wide_rows(3), layer_rows(), VARIANTS["holes"], VARIANTS["no sparsity"]):
        found = Checker(page(rows, demo_about()))
        links = [attrs.get("href") or "" for tag, attrs in found.tags if tag == "a"]
        assert len(links) > 5
        assert {link[1:] for link in links} <= set(found.ids)
        pairs = [attrs["data-points"] or "" for _, attrs in found.tags if attrs.get("data-points")]
        assert {name for pair in pairs for name in pair.split("+")} <= set(found.ids)


def test_ink_keeps_its_contrast_on_the_deepest_colours_of_a_matrix_and_of_a_winner() -> None:
    for theme in themes():
        for colour, share in (("c0", 0.42), ("c1", 0.42), *((f"c{k}", 0.17) for k in range(8))):
            assert contrast(theme["ink"], mixed(theme[colour], theme["paper"], share)) >= 4.5, (colour, share)


@pytest.mark.slow
def test_a_study_of_thousands_of_rows_stays_small_and_is_made_in_seconds() -> None:
    priors, ladder = ("natural", "pgd", "fast", "trades", "smoothing"), (0, 0.3, 0.5, 0.7, 0.8, 0.9, *LADDER[4:], 0.94)
    rows = wide_rows(12, priors, ladder, 3, ("accuracy", "adversarial_accuracy", "ood_auroc"), distance=False)
    assert len(rows) == 12 * 5 * 12 * 3 * 3
    begun = time.process_time()
    text = page(rows, demo_about())
    assert time.process_time() - begun < 30  # about 4 s on one core that is free
    assert len(text.encode()) < LARGEST
    found = Checker(text)
    assert sum(re.fullmatch(r"p[0-9a-f]{10}", name) is not None for name in found.ids) == len(rows) / 3
    assert "Left out" not in text
