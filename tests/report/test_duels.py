"""Who wins, on numbers worked by hand; no test samples are told, so the seeds alone make the interval."""

import pytest
from tests.report.rows import row

from tombola.report.curves import read_results
from tombola.report.duels import Duel, duels
from tombola.rows import Row


def contest(a: list[float], b: list[float], better: str = "higher") -> list[Row]:
    return [
        row(value, seed, better=better, samples=0, prior=name, draw__sparsity=0.9)
        for name, values in (("a", a), ("b", b))
        for seed, value in enumerate(values)
    ]


def only(rows: list[Row]) -> Duel:
    (found,) = duels(read_results(rows))
    return found


def test_the_difference_is_paired_by_seed() -> None:
    # Seeds differ by tens, the priors by 2, 3 and 4: paired, the std is 1, and 3 is more than 4.303 x 1 / sqrt(3).
    duel = only(contest([12.0, 43.0, 74.0], [10.0, 40.0, 70.0]))
    assert (duel.leader, duel.other, duel.seeds, duel.decided, duel.outcome) == ("a", "b", 3, True, "a")
    assert duel.difference == pytest.approx(3.0)
    assert duel.verdict.interval is not None
    assert duel.verdict.interval.low == pytest.approx(3 - 2.4841, abs=1e-3)


def test_a_lead_whose_interval_holds_zero_is_undecided() -> None:
    assert only(contest([11.0, 42.0, 73.0], [10.0, 40.0, 70.0])).outcome == "undecided"  # 2 - 2.48: above its std, yet
    assert only(contest([10.0, 12.0, 14.0], [9.0, 13.0, 12.0])).outcome == "undecided"


def test_a_lead_within_half_a_point_is_a_match() -> None:
    assert only(contest([11.0, 12.0, 13.0], [11.0, 12.0, 13.0])).outcome == "match"
    assert only(contest([11.1, 12.1, 13.1], [11.0, 12.0, 13.0])).outcome == "match"


def test_a_small_test_split_decides_less() -> None:
    leads = [row(v, s, samples=n, prior=p) for n in (10_000,) for p, v in (("a", 93.0), ("b", 90.0)) for s in range(3)]
    assert only(leads).outcome == "a"
    assert only([one.model_copy(update={"samples": 200}) for one in leads]).outcome == "undecided"


def test_the_winner_beats_every_other_level() -> None:
    steady = {"a": [80.0, 80.0, 80.0], "b": [75.0, 75.0, 75.0], "c": [70.0, 70.0, 70.0]}
    wild = steady | {"c": [60.0, 79.0, 79.5]}
    for levels, outcome, other in ((steady, "a", "b"), (wild, "undecided", "c")):
        duel = only([row(v, s, samples=0, prior=p) for p, values in levels.items() for s, v in enumerate(values)])
        assert (duel.leader, duel.outcome, duel.other) == ("a", outcome, other)


def test_two_seeds_decide_nothing() -> None:
    duel = only(contest([50.0, 50.0], [10.0, 10.0]))
    assert (duel.leader, duel.seeds, duel.decided) == ("a", 2, False)


def test_only_shared_seeds_count() -> None:
    rows = [row(v, s, prior="a") for s, v in ((0, 5.0), (1, 5.0), (2, 5.0))]
    rows += [row(v, s, prior="b") for s, v in ((2, 4.0), (3, 4.0), (4, 4.0))]
    duel = only(rows)
    assert (duel.seeds, duel.verdict.interval, duel.decided) == (1, None, False)
    assert duel.verdict.why == "a and b share 1 seed, 3 are needed"


def test_without_shared_seeds_the_means_lead_and_nothing_is_decided() -> None:
    duel = only([row(5.0, 0, prior="a"), row(9.0, 1, prior="b")])
    assert (duel.leader, duel.difference, duel.seeds, duel.decided) == ("b", 4.0, 0, False)


def test_less_wins_where_lower_is_better() -> None:
    duel = only(contest([5.0, 5.1, 5.2], [3.0, 3.1, 3.1], better="lower"))
    assert (duel.leader, duel.decided) == ("b", True)
    assert duel.difference == pytest.approx(6.1 / 3)


def test_nothing_wins_where_neither_is_better_or_nobody_competes() -> None:
    assert duels(read_results(contest([5.0] * 3, [3.0] * 3, better="neither"))) == []
    assert duels(read_results(contest([5.0] * 3, []))) == []


def test_the_best_of_three_meets_the_second() -> None:
    rows = [row(v, s, prior=p) for p, v in (("a", 1.0), ("b", 7.0), ("c", 5.0)) for s in range(3)]
    duel = only(rows)
    assert (duel.leader, duel.other, duel.difference) == ("b", "c", 2.0)
