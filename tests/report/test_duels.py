"""Who wins, on numbers worked by hand."""

import pytest
from tests.report.rows import row

from tombola.report.curves import read_results
from tombola.report.duels import Duel, duels
from tombola.rows import Row


def contest(a: list[float], b: list[float], better: str = "higher") -> list[Row]:
    return [
        row(value, seed, better=better, prior=name, draw__sparsity=0.9)
        for name, values in (("a", a), ("b", b))
        for seed, value in enumerate(values)
    ]


def only(rows: list[Row]) -> Duel:
    (found,) = duels(read_results(rows))
    return found


def test_the_difference_is_paired_by_seed() -> None:
    # Seeds differ by tens, the priors by 1, 2 and 3: paired, the spread is 1, and the lead of 2 stands out.
    duel = only(contest([11.0, 42.0, 73.0], [10.0, 40.0, 70.0]))
    assert (duel.leader, duel.other, duel.seeds, duel.decided) == ("a", "b", 3, True)
    assert duel.difference == pytest.approx(2.0)
    assert duel.spread == pytest.approx(1.0)


def test_a_lead_within_its_spread_is_undecided() -> None:
    assert not only(contest([10.0, 12.0, 14.0], [9.0, 13.0, 12.0])).decided  # leads 1, -1, 2: mean 0.67, spread 1.53
    assert not only(contest([11.0, 12.0, 13.0], [11.0, 12.0, 13.0])).decided  # no lead, no spread


def test_two_seeds_decide_nothing() -> None:
    duel = only(contest([50.0, 50.0], [10.0, 10.0]))
    assert (duel.leader, duel.seeds, duel.decided) == ("a", 2, False)


def test_only_shared_seeds_count() -> None:
    rows = [row(v, s, prior="a") for s, v in ((0, 5.0), (1, 5.0), (2, 5.0))]
    rows += [row(v, s, prior="b") for s, v in ((2, 4.0), (3, 4.0), (4, 4.0))]
    duel = only(rows)
    assert (duel.seeds, duel.spread, duel.decided) == (1, None, False)


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
