"""The statistics, on numbers worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.rows import demo_rows, row

from tombola.report.curves import Measure, Place, Summary, read_results
from tombola.rows import Row, Scalar


def test_mean_spread_and_ends_over_seeds() -> None:
    rows = [row(value, seed, prior="a", draw__sparsity=0.5) for seed, value in enumerate((90.0, 92.0, 97.0))]
    results = read_results(rows)
    summary = results.summaries[results.measures[0]][Place((), "a", 0.5)]
    assert summary.mean == pytest.approx(93.0)
    assert summary.std == pytest.approx(13.0**0.5)  # (9 + 1 + 16) / 2
    assert (summary.low, summary.high, summary.n) == (90.0, 97.0, 3)


def test_one_seed_has_no_spread() -> None:
    assert (Summary({4: 7.0}).std, Summary({4: 7.0}).n) == (0.0, 1)


def test_missing_cells_are_gaps_and_seeds_may_be_unequal() -> None:
    rows = [row(1.0, 0, prior="a", draw__sparsity=0.0), row(3.0, 1, prior="a", draw__sparsity=0.0)]
    rows += [row(5.0, 0, prior="b", draw__sparsity=0.9)]
    results = read_results(rows)
    measure = results.measures[0]
    assert list(results.curve(measure, (), "a")) == [0.0]
    assert list(results.at(measure, (), 0.9)) == ["b"]
    assert results.at(measure, (), 0.0)["a"].n == 2
    assert (results.sparsities, results.seeds) == ((0.0, 0.9), (0, 1))


def test_a_seed_measured_twice_counts_once() -> None:
    results = read_results([row(1.0, 0, prior="a"), row(3.0, 0, prior="a"), row(8.0, 1, prior="a")])
    summary = results.summaries[results.measures[0]][Place((), "a", None)]
    assert (dict(summary.values), summary.n) == ({0: 2.0, 1: 8.0}, 2)


def test_two_budgets_of_one_property_are_two_measures() -> None:
    rows = [
        row(40.0 - 100 * eps, 0, "adversarial_accuracy", prior="a").model_copy(
            update={"detail": {"eps": eps, "steps": 20}}
        )
        for eps in (0.03, 0.06)
    ]
    labels = [measure.label for measure in read_results(rows).measures]
    assert labels == ["adversarial accuracy (eps 0.03)", "adversarial accuracy (eps 0.06)"]


def test_budgets_are_told_apart_by_no_more_than_it_takes_and_flags_are_no_budget() -> None:
    details: list[dict[str, Scalar]] = [
        {"attack": "pgd", "steps": 20},
        {"attack": "autoattack", "suite": "lite", "comparable": "no"},
        {"attack": "autoattack", "suite": "lite", "comparable": "no", "flags": "random outputs"},
    ]
    rows = [
        row(40.0, seed, "adversarial_accuracy", prior="a").model_copy(update={"detail": detail})
        for seed, detail in zip((0, 0, 1), details, strict=True)
    ]
    labels = [measure.label for measure in read_results(rows).measures]
    assert labels == ["adversarial accuracy (attack autoattack, not comparable)", "adversarial accuracy (attack pgd)"]


def test_two_studies_are_not_averaged() -> None:
    rows = [row(value, 0, prior="a").model_copy(update={"study": name}) for name, value in (("x", 1.0), ("y", 9.0))]
    results = read_results(rows)
    means = [summary.mean for summary in results.summaries[results.measures[0]].values()]
    assert sorted(means) == [1.0, 9.0]


def test_a_propertys_own_metric_is_compared_and_the_others_are_kept() -> None:
    own = row(40.0, 0, "adversarial_accuracy", prior="a")
    beside = own.model_copy(update={"metric": "clean_accuracy", "value": 90.0})
    others = [row(1.0, prior="a").model_copy(update={"property": "calibration", "metric": m}) for m in ("ece", "nll")]
    results = read_results([own, beside, *others])
    assert [m.metric for m in results.measures] == ["adversarial_accuracy", "ece", "nll"]
    assert "clean_accuracy" in [m.metric for m in results.summaries]


@pytest.mark.parametrize(
    ("subject", "metric", "label"),
    [
        ("accuracy", "accuracy", "accuracy"),
        ("adversarial_accuracy", "accuracy", "adversarial accuracy"),
        ("calibration", "ece", "calibration: ece"),
    ],
)
def test_a_measure_is_named_once(subject: str, metric: str, label: str) -> None:
    assert Measure(subject, metric).label == label


DEMO = demo_rows()


@given(st.permutations(DEMO))
def test_the_rows_order_does_not_matter(rows: list[Row]) -> None:
    assert read_results(rows) == read_results(DEMO)
