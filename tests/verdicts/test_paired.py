"""Robust, match or natural: intervals against formulas worked by hand, and how often they hold the truth."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.report.rows import row

from tombola.outcomes import Outcomes
from tombola.rows import Row
from tombola.verdicts.intervals import interval_of
from tombola.verdicts.paired import Paired, paired

VALUES = st.lists(st.floats(0, 100), min_size=3, max_size=5)


def rows(*values: float, samples: int = 0, better: str = "higher", unit: str = "%") -> list[Row]:
    return [row(value, seed, samples=samples, better=better, unit=unit) for seed, value in enumerate(values)]


def ends(found: Paired) -> tuple[float, float]:
    assert found.interval is not None
    return found.interval.low, found.interval.high


def test_with_seeds_alone_it_is_students_paired_interval() -> None:
    a, b = (81.0, 84.0, 90.0, 77.0), (80.0, 82.0, 85.0, 76.0)
    truth = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert ends(paired(rows(*a), rows(*b))) == pytest.approx((truth.low, truth.high))


def test_with_samples_alone_it_is_the_interval_of_two_shares() -> None:
    # 400 samples, 80 % and 70 %: one right and one wrong are added to each (Agresti and Caffo).
    shares = [(400 * p + 1) / 402 for p in (0.8, 0.7)]
    half = 100 * stats.t.ppf(0.975, 399) * sqrt(sum(p * (1 - p) / 402 for p in shares))
    found = paired(rows(80, 80, 80, samples=400), rows(70, 70, 70, samples=400))
    assert ends(found) == pytest.approx((10 - half, 10 + half))
    assert (found.outcome, found.winner) == ("left", "robust")
    assert found.text.startswith("robust is better: robust leads natural by +10.00 points, ")
    assert found.text.endswith("(95 % t interval over 3 shared seeds plus the binomial noise of 400 test samples).")


def test_both_noises_add_and_the_degrees_of_freedom_are_between() -> None:
    both = interval_of([1.0, 2.0, 3.0], 1 / 3, 1000)
    variance = 1 / 3 + 1 / 3
    freedom = variance**2 / ((1 / 3) ** 2 / 2 + (1 / 3) ** 2 / 999)
    assert both.high - 2 == pytest.approx(stats.t.ppf(0.975, freedom) * sqrt(variance))


@pytest.mark.parametrize(
    ("a", "b", "tolerance", "outcome"),
    [
        ((90.0, 91.0, 92.0), (80.0, 81.0, 82.0), 0.5, "left"),
        ((80.0, 81.0, 82.0), (90.0, 91.0, 92.0), 0.5, "right"),
        ((90.1, 91.0, 92.0), (90.0, 91.0, 92.0), 0.5, "match"),
        ((90.2, 91.2, 92.2), (90.0, 91.0, 92.0), 0.5, "match"),  # beyond doubt, and too little to matter
        ((90.2, 91.2, 92.2), (90.0, 91.0, 92.0), 0.1, "left"),
        ((90.0, 95.0, 91.0), (89.0, 92.0, 93.0), 0.5, "undecided"),
    ],
)
def test_the_four_verdicts(a: tuple[float, ...], b: tuple[float, ...], tolerance: float, outcome: str) -> None:
    assert paired(rows(*a), rows(*b), tolerance=tolerance).outcome == outcome


def test_less_is_a_lead_where_lower_is_better() -> None:
    found = paired(rows(0.1, 0.2, 0.1, better="lower", unit=""), rows(0.5, 0.6, 0.6, better="lower", unit=""))
    assert (found.winner, found.tolerance) == ("robust", 0.0)
    assert found.difference == pytest.approx(0.4333, abs=1e-3)


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        (rows(90, 91), rows(10, 11), "robust has 2 seeds, 3 are needed"),
        (rows(90, 91, 92), [row(10.0, seed) for seed in (2, 3, 4)], "robust and natural share 1 seed, 3 are needed"),
        (rows(90, 91, 92), [], "natural was not measured"),
    ],
)
def test_too_few_shared_seeds_decide_nothing(a: list[Row], b: list[Row], why: str) -> None:
    found = paired(a, b)
    assert (found.outcome, found.winner, found.interval, found.text) == ("undecided", None, None, f"Undecided: {why}.")


@given(VALUES, VALUES, st.randoms(use_true_random=False))
def test_the_order_of_rows_doubles_and_sides_change_nothing(a: list[float], b: list[float], random: object) -> None:
    left, right = rows(*a, samples=50), rows(*b, samples=50)
    mixed = left + left[:1]
    random.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis types its Random as an object
    found = paired(left, right)
    assert paired(mixed, right + right) == found
    turned = paired(right, left, ("natural", "robust"))
    assert turned.winner == found.winner
    assert ends(turned) == pytest.approx(tuple(-end for end in reversed(ends(found))))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    # Two equally good levels, three seeds, fresh test samples: a winner is named in at most 5 % of studies.
    generator = np.random.default_rng(3)
    wrong = 0
    for _ in range(400):
        skill = 0.85 + 0.02 * generator.standard_normal((2, 3))
        values = 100 * generator.binomial(500, skill) / 500
        a, b = (rows(*(float(value) for value in side), samples=500) for side in values)
        wrong += paired(a, b, tolerance=0.0).winner is not None
    assert wrong <= 0.05 * 400


def outcomes(generator: np.random.Generator, share: float, seeds: int = 3, n: int = 400) -> dict[int, list[float]]:
    return {seed: [float(hit) for hit in generator.random(n) < share] for seed in range(seeds)}


def told(by_seed: dict[int, list[float]], of: str = "a") -> list[Row]:
    return [
        row(100 * sum(hits) / len(hits), seed, samples=len(hits)).model_copy(
            update={"outcomes": Outcomes.made(map(bool, hits), of).text}
        )
        for seed, hits in by_seed.items()
    ]


def by_sample(left: dict[int, list[float]], right: dict[int, list[float]]) -> Paired:
    """The verdict of rows that say which samples were right."""
    return paired(told(left), told(right))


def test_outcomes_of_the_same_samples_tell_more_than_rows() -> None:
    # Right on the same images but for a few: the lead of 3 points stands out, which two shares alone cannot show.
    base = outcomes(np.random.default_rng(0), 0.9, n=500)
    better = {seed: [1.0 if index < 15 else hit for index, hit in enumerate(hits)] for seed, hits in base.items()}
    worse = {seed: [0.0 if index < 15 else hit for index, hit in enumerate(hits)] for seed, hits in base.items()}
    found = by_sample(better, worse)
    assert found.difference == pytest.approx(3.0)
    assert found.winner == "robust"
    a, b = (rows(*(100 * sum(hits) / 500 for hits in side.values()), samples=500) for side in (better, worse))
    assert paired(a, b).outcome == "undecided"
    low, high = ends(found)
    assert (high - low) / 2 == pytest.approx(196 * sqrt(0.03 * 0.97 / 500), rel=0.1), (
        "the samples' noise: all seeds agree"
    )


def test_outcomes_are_invariant_to_the_order_of_seeds_and_samples() -> None:
    generator = np.random.default_rng(1)
    a, b = outcomes(generator, 0.8), outcomes(generator, 0.7)
    order = generator.permutation(400)
    c, d = ({seed: [side[seed][k] for k in order] for seed in reversed(side)} for side in (a, b))
    assert by_sample(c, d) == by_sample(a, b)


def test_outcomes_are_no_surer_than_their_seeds() -> None:
    hits = {0: 0.9, 1: 0.6, 2: 0.8}
    a = {seed: [1.0] * int(5000 * share) + [0.0] * (5000 - int(5000 * share)) for seed, share in hits.items()}
    b = {seed: [0.0, 1.0] * 2500 for seed in hits}
    found = by_sample(a, b)
    truth = stats.t.interval(0.95, 2, loc=(40 + 10 + 30) / 3, scale=stats.sem([40, 10, 30]))
    assert ends(found) == pytest.approx(truth)
    assert found.outcome == "undecided"


def test_outcomes_need_three_seeds() -> None:
    a = outcomes(np.random.default_rng(0), 0.9)
    assert by_sample({0: a[0]}, a).text == "Undecided: robust has 1 seed, 3 are needed."
    assert by_sample({}, a).outcome == "undecided"


def test_rows_that_say_which_samples_were_right_are_paired_by_sample() -> None:
    generator = np.random.default_rng(2)
    a, b = outcomes(generator, 0.8), outcomes(generator, 0.7)
    found = paired(told(a), told(b))
    assert found.interval is not None
    assert "resamplings of 3 shared seeds and 400 test samples" in found.interval.method


def test_outcomes_of_other_samples_or_of_some_seeds_are_not_paired() -> None:
    generator = np.random.default_rng(2)
    a, b = outcomes(generator, 0.8), outcomes(generator, 0.7)
    left, right = ([one.model_copy(update={"outcomes": ""}) for one in told(side)] for side in (a, b))
    bare = paired(left, right)
    assert paired(told(a), told(b, of="b")) == bare
    assert paired(told(a), [right[0], *told(b)[1:]]) == bare
