"""The table of what wins accuracy back: paired by seed, Student's interval, and the rule's three words."""

from types import ModuleType

import pytest

from tests.results.scripts import ROOT, loaded
from tombola.rows import Row

HERE = ROOT / "results" / "winning-back"


@pytest.fixture
def winning(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return loaded(HERE / "winning.py", monkeypatch)


def row(way: str, seed: int, value: float) -> Row:
    return Row(
        study="s", cell={"way": way}, seed=seed, property="accuracy", metric="accuracy", value=value, samples=100
    )


ROWS = [
    *(row("plain", seed, 70 + seed) for seed in range(3)),
    *(row("better", seed, 73 + seed + 0.1 * seed) for seed in range(3)),
    *(row("alike", seed, 70 + seed + (-1) ** seed) for seed in range(2)),
]


def test_differences_are_paired_by_seed(winning: ModuleType) -> None:
    found = winning.differences(ROWS)
    assert found["better"] == pytest.approx([3, 3.1, 3.2])
    assert found["alike"] == pytest.approx([1, -1])


def test_the_interval_is_students(winning: ModuleType) -> None:
    mean, low, high = winning.interval([1.0, 2.0, 3.0, 4.0, 5.0])
    half = 2.776445 * 2.5**0.5 / 5**0.5
    assert (mean, low, high) == pytest.approx((3, 3 - half, 3 + half), abs=1e-4)


def test_the_rule_has_three_words(winning: ModuleType) -> None:
    lines = winning.table(ROWS).splitlines()
    assert [line.split("|")[-2].strip() for line in lines[2:]] == ["", "wins", "undecided"]
    assert winning.verdict(-2.0, -1.0) == "loses"
