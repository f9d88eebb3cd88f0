"""Leads are what the rows give, on the same seeds and images."""

import numpy as np
import pytest
from results.evidence.leads import gap, lead, where
from scipy.stats import spearmanr, ttest_1samp

from tombola.outcomes import Outcomes
from tombola.report.correlation import rank_correlation
from tombola.rows import Row


def row(prior: str, seed: int, value: float, sparsity: float = 0.9, task: str = "a", outcomes: str = "") -> Row:
    return Row(
        cell={"prior": prior, "draw.sparsity": sparsity, "task": task},
        seed=seed,
        property="accuracy",
        metric="accuracy",
        value=value,
        unit="%",
        samples=100,
        outcomes=outcomes,
    )


def three(prior: str, values: tuple[float, float, float], sparsity: float = 0.9) -> list[Row]:
    return [row(prior, seed, value, sparsity) for seed, value in enumerate(values)]


def test_a_lead_pools_cells_by_seed_and_has_students_interval() -> None:
    rows = three("robust", (52, 53, 54)) + three("natural", (50, 50, 50))
    rows += three("robust", (41, 42, 43), sparsity=0.95) + three("natural", (41, 41, 41), sparsity=0.95)
    found = lead(rows, "prior", "robust", "natural")
    by_seed = np.array([(2 + 0) / 2, (3 + 1) / 2, (4 + 2) / 2])
    half = 4.302653 * by_seed.std(ddof=1) / np.sqrt(3)
    assert found.mean == pytest.approx(2.0)
    assert (found.interval.low, found.interval.high) == pytest.approx((2 - half, 2 + half), abs=1e-4)
    assert (len(found.cells), found.seeds, found.sign, found.covers) == (2, 3, 0, "seeds only")
    assert (found.left, found.right) == (47.5, 45.5)
    assert found.half == pytest.approx(half, abs=1e-4)
    assert found.p == pytest.approx(ttest_1samp(by_seed, 0).pvalue)


def test_what_test_images_differ_by_is_in_the_interval() -> None:
    right = {"robust": np.arange(100) % 2 == 0, "natural": np.arange(100) % 4 == 0}
    rows = [
        row(prior, seed, 100 * table.mean(), outcomes=Outcomes.made(table, "images").text)
        for prior, table in right.items()
        for seed in range(3)
    ]
    found = lead(rows, "prior", "robust", "natural")
    variance = np.var(right["robust"].astype(float) - right["natural"]) * 1e4 / 100
    assert found.mean == pytest.approx(25.0)
    assert (found.p < 0.05, found.covers) == (True, "seeds and images")
    assert found.interval.high - found.mean == pytest.approx(1.984 * np.sqrt(variance), rel=1e-3)
    bare = lead([one.model_copy(update={"outcomes": ""}) for one in rows], "prior", "robust", "natural")
    assert (bare.interval.low, bare.interval.high) == (25.0, 25.0)


def test_fewer_than_three_shared_seeds_give_no_lead() -> None:
    rows = three("robust", (1, 2, 3)) + three("natural", (1, 2, 3))[:2]
    with pytest.raises(ValueError, match="share 2 seeds"):
        lead(rows, "prior", "robust", "natural")


def test_lower_is_better_turns_the_lead_round() -> None:
    rows = three("robust", (10, 10, 10)) + three("natural", (12, 12, 12))
    rows = [one.model_copy(update={"better": "lower"}) for one in rows]
    assert lead(rows, "prior", "robust", "natural").mean == 2.0


def test_a_gap_of_leads_is_taken_seed_by_seed() -> None:
    """Both leads differ by two points between seeds, and their difference is the same for each."""
    few = three("robust", (5, 6, 7)) + three("natural", (1, 1, 1))
    more = three("robust", (4, 5.1, 5.9)) + three("natural", (1, 1, 1))
    found, one = gap(few, more, "prior", "robust", "natural"), lead(few, "prior", "robust", "natural")
    assert found.mean == pytest.approx(1.0)
    assert (found.left, found.right) == pytest.approx((5.0, 4.0))
    assert found.p == pytest.approx(ttest_1samp([1.0, 0.9, 1.1], 0).pvalue)
    assert found.half < one.half / 5
    assert gap(few, few, "prior", "robust", "natural").p == 1.0


def test_a_gap_of_leads_on_the_same_images_is_taken_image_by_image() -> None:
    right = {"robust": np.arange(100) % 2 == 0, "natural": np.arange(100) % 4 == 0}
    rows = [
        row(prior, seed, 100 * table.mean(), outcomes=Outcomes.made(table, "images").text)
        for prior, table in right.items()
        for seed in range(3)
    ]
    found = gap(rows, rows, "prior", "robust", "natural")
    assert (found.mean, found.half) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_where_chooses_by_metric_and_levels() -> None:
    rows = three("robust", (1, 2, 3)) + three("robust", (4, 5, 6), sparsity=0.5)
    assert [one.value for one in where(rows, "accuracy", draw__sparsity=(0.5,))] == [4, 5, 6]
    assert where(rows, "mean_iou") == []


def test_rank_correlation_is_scipys() -> None:
    left, right = [3.0, 1.0, 4.0, 1.5, 9.0], [2.0, 7.0, 1.0, 8.0, 2.5]
    found, same = rank_correlation(left, right), rank_correlation(left, left)
    assert found is not None
    assert same is not None
    assert found.rho == pytest.approx(spearmanr(left, right).statistic)
    assert 0 < found.p <= 1
    assert same.p == pytest.approx(2 / 120)
