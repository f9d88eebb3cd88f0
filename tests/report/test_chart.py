"""Panels as SVG: names that are cut nowhere they would read alike, and ticks that can be told apart."""

import re

import pytest

from tombola.report.chart import HEIGHT, draw_panel
from tombola.report.curves import Summary
from tombola.report.lines import Frame, Series
from tombola.report.scales import padded, said_ticks, ticks
from tombola.report.scatter import Spot, draw_scatter

LEVELS = ("block:1x4 0.8", "block:1x4 0.9", "block:1x4 0.9 erk", "block:1x4 0.9 global", "dense")


def summary(value: float) -> Summary:
    return Summary({0: value})


def words(svg: str) -> list[str]:
    """Every text of a picture, in its order."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def side_by_side(levels: tuple[str, ...]) -> str:
    xs = tuple((float(k), level) for k, level in enumerate(levels))
    series = [Series(k, level, ((float(k), summary(50.0 + k)),)) for k, level in enumerate(levels)]
    return draw_panel(series, Frame(xs, 49.0, 56.0, "%", "net", labelled=False, lines=False), "levels")


def test_levels_side_by_side_have_all_their_words() -> None:
    assert "…" not in "".join(words(side_by_side(LEVELS)))
    below = " ".join(words(side_by_side(LEVELS)))
    assert all(word in below.split() for level in LEVELS for word in level.split())


def test_names_of_one_line_leave_the_plot_as_high_as_it_was() -> None:
    def bottom(svg: str) -> float:
        found = re.search(r'class="cross" y1="[\d.]+" y2="([\d.]+)"', svg)
        assert found is not None, "the line that follows the pointer ends where the plot does"
        return float(found[1])

    assert bottom(side_by_side(("dense", "sparse"))) == HEIGHT - 40
    assert bottom(side_by_side(LEVELS)) == HEIGHT - 40 - 14


@pytest.mark.parametrize("values", [(11_293_200.0, 11_293_207.0), (0.0, 0.0), (4e9, 9e9), (-3.0, 1e5)])
def test_ticks_can_be_told_apart(values: tuple[float, float]) -> None:
    found = [said for _, said in said_ticks(ticks(*padded(values, "")))]
    assert len(found) >= 2
    assert len(set(found)) == len(found)
    assert max(map(len, found)) <= 6, "there is room for six letters left of a plot"


def test_a_panel_of_many_points_is_higher() -> None:
    def height(count: int) -> float:
        spots = [Spot(f"block:1x4 by erk, {k} % pruned, in C in int8", k, k, None, None, "") for k in range(count)]
        found = re.search(r'viewBox="0 0 420 ([\d.]+)"', draw_scatter(spots, "ms", "points", "said"))
        assert found is not None
        return float(found[1])

    assert height(2) == height(8) < height(9) < height(20)


def test_names_of_a_race_are_whole() -> None:
    name = "block:1x4 by erk, 70% pruned, in C in int8"
    spots = [Spot(name, 0.05, -0.5, None, None, ""), Spot("dense", 0.1, 0.0, None, None, "")]
    assert name in words(draw_scatter(spots, "ms", "points", "said"))
