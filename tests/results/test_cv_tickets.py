"""What decides claims c and d of the CV tickets, on rows whose answer is known."""

import math
from types import ModuleType

import pytest

from tests.results.scripts import ROOT, loaded
from tombola.rows import Row, Scalar

HERE = ROOT / "results" / "cv-tickets"


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return loaded(HERE / "judged.py", monkeypatch)


def row(metric: str, value: float, seed: int, reference: str = "", **cell: Scalar) -> Row:
    axes = {axis.replace("__", "."): level for axis, level in cell.items()}
    detail: dict[str, Scalar] = {"reference": reference} if reference else {}
    return Row(cell=axes, seed=seed, property=metric, metric=metric, value=value, samples=0, detail=detail)


def test_agreement_is_counted_beyond_chance_and_at_79_per_cent_alone(judged: ModuleType) -> None:
    rows = [
        row(metric, value + 2 * seed * (prior == other) * (metric == "overlap"), seed, other, prior=prior,
            draw__sparsity=sparsity)
        for seed in (0, 1) for prior in "ab" for other in "ab"
        for sparsity, metric, value in (
            (0.7903, "overlap", 40.0 if prior == other else 25.0), (0.7903, "expected_overlap", 20.0),
            (0.95, "overlap", 99.0), (0.95, "expected_overlap", 1.0),
        )
    ]  # fmt: skip
    assert judged.within_less_between(rows) == {0: pytest.approx(15), 1: pytest.approx(17)}


def test_the_noise_borne_lies_between_two_scales_of_the_log(judged: ModuleType) -> None:
    falls = {0.0: 0.0, 0.01: 0.0, 0.1: 1.0, 1.0: 5.0}
    rows = [
        row("accuracy", 80 - hurt * falls[scale], seed, prior=prior, task="cifar10", draw__sparsity=sparsity,
            draw__scale=scale)
        for prior, hurt in (("weak", 2.0), ("strong", 1.0), ("never", 0.1))
        for seed in (0, 1) for sparsity in (0.0, 0.79) for scale in falls
    ]  # fmt: skip
    found = judged.borne(rows, "cifar10")
    assert set(found) == {"weak", "strong"}, "what never loses two points has no such noise"
    assert found["weak"] == {0: pytest.approx(math.log(0.1)), 1: pytest.approx(math.log(0.1))}
    assert found["strong"][0] == pytest.approx(math.log(0.1) + 0.25 * math.log(10))


def test_a_line_says_the_interval_or_that_nothing_is_decided(judged: ModuleType) -> None:
    assert judged.told("c", {0: 1.0, 1: 1.2, 2: 0.8}).startswith("c: +1.00 [+0.50, +1.50] of +1.00")
    assert "undecided" in judged.told("c", {0: 1.0})
