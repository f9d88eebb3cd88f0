"""The table of ways by pattern: paired within a setting, corrected for being many, and what has more steps apart."""

from types import ModuleType

import pytest

from tests.results.scripts import ROOT, loaded
from tests.results.test_winning_back import row


@pytest.fixture
def patterns(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return loaded(ROOT / "results" / "winning-back" / "patterns.py", monkeypatch)


ROWS = [
    *(row("dense", seed, 91.0) for seed in range(3)),
    *(row("a 80%, plain", seed, 70.0 + seed) for seed in range(3)),
    *(row("a 80%, better", seed, 75.0 + seed + 0.01 * seed) for seed in range(3)),
    *(row("a 80%, mostly", seed, 71.0 + seed + 0.45 * seed) for seed in range(3)),
    *(row("a 80%, longer", seed, 80.0 + seed + 0.01 * seed) for seed in range(3)),
    *(row("b 80%, plain", seed, 10.0 + seed) for seed in range(3)),
    *(row("b 80%, alike", seed, 10.0 + seed + (-1) ** seed) for seed in range(3)),
]


def test_differences_stay_within_a_setting(patterns: ModuleType) -> None:
    found = {(one.setting, one.way): one for one in patterns.lines_of(ROWS)}
    assert found["a 80%", "better"].leads == pytest.approx([5.0, 5.01, 5.02])
    assert found["b 80%", "alike"].leads == pytest.approx([1.0, -1.0, 1.0])
    assert found["dense", "dense"].accuracy == 91.0
    assert not found["dense", "dense"].judged


def test_the_rule_is_corrected_and_is_not_about_what_has_more_steps(patterns: ModuleType) -> None:
    lines = list(patterns.table(patterns.lines_of(ROWS)))[2:]
    said = [line.split("|")[-2].strip() for line in lines]
    assert said == ["", "", "wins", "leans for", "twice the steps", "", "undecided"]
