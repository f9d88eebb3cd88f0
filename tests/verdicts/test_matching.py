"""Matching, winning and double-win tickets, on numbers worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.rows import row

from tombola.errors import RequestError
from tombola.rows import Row
from tombola.verdicts.bracket import largest_matching
from tombola.verdicts.matching import Matching, double_win, matching, winning

DENSE = [88.0, 90.0, 92.0]  # mean 90, std 2
VALUES = st.lists(st.floats(0, 100), min_size=3, max_size=5)


def rows(values: list[float], better: str = "higher", **cell: str) -> list[Row]:
    made = [row(value, seed, better=better) for seed, value in enumerate(values)]
    axes = {axis.replace("__", "."): level for axis, level in cell.items()}
    return [one.model_copy(update={"cell": axes, "samples": 0}) for one in made]  # no noise but the seeds'


def below(*points: float, better: str = "higher") -> list[Row]:
    """So many points worse than the dense network, seed by seed."""
    return rows([dense - it for dense, it in zip(DENSE, points, strict=True)], better)


def test_within_one_std_of_the_dense_mean_is_a_match_and_the_bar_itself_is() -> None:
    assert matching(below(2, 2, 2), rows(DENSE)).outcome == "yes"
    assert matching(below(2.1, 2.1, 2.1), rows(DENSE)).outcome == "no"


def test_a_mean_at_the_bar_decides_nothing_while_the_interval_covers_it() -> None:
    """0.01 points above or below the bar, of seeds that differ by a point: 3 seeds cannot say which."""
    for off in (-0.01, 0.01):
        found = matching(below(1 - off, 2 - off, 3 - off), rows(DENSE))
        half = 4.302653 / 3**0.5
        assert (found.outcome, found.by_means) == ("undecided", "yes" if off > 0 else "no")
        assert found.interval is not None
        assert found.bar is not None
        assert found.interval.low < found.bar < found.interval.high
        assert found.interval.high - found.interval.low == pytest.approx(2 * half, abs=1e-4)
        assert found.text.endswith(" over 3 seeds, the dense mean and one std ask for at least 88.00 %.")


def test_strict_allows_nothing_and_margin_so_many_points() -> None:
    sparse = below(0.5, 0.5, 0.5)
    assert matching(sparse, rows(DENSE), rule="strict").outcome == "no"
    assert matching(sparse, rows(DENSE), rule="margin", margin=0.5).outcome == "yes"
    assert matching(sparse, rows(DENSE), rule="margin", margin=0.4).outcome == "no"
    with pytest.raises(RequestError, match="std, strict, margin"):
        matching(sparse, rows(DENSE), rule="loose")  # type: ignore[arg-type]  # a wrong word


def test_less_is_as_good_where_lower_is_better() -> None:
    dense = rows(DENSE, "lower")
    assert matching(below(-2, -2, -2, better="lower"), dense).outcome == "yes"
    assert matching(below(-2.1, -2.1, -2.1, better="lower"), dense).outcome == "no"
    open_one = matching(below(0, -2, -5, better="lower"), dense)
    assert (open_one.outcome, open_one.by_means) == ("undecided", "no")


@pytest.mark.parametrize(
    ("sparse", "dense", "why"),
    [
        (rows([99.0, 99.0]), rows(DENSE), "the sparse network has 2 seeds, 3 are needed"),
        (rows([1.0] * 3), rows(DENSE[:1]), "the dense network has 1 seed, 3 are needed"),
        (rows([99.0] * 3), [], "the dense network was not measured"),
        ([row(99.0, seed) for seed in (3, 4, 5)], rows(DENSE), "share no seeds, 3 are needed"),
        (rows([9.0] * 3, "neither"), rows(DENSE, "neither"), "neither more nor less"),
        (rows([9.0] * 3, "lower"), rows(DENSE), "not values of one measure"),
    ],
)
def test_too_little_is_undecided_and_says_why(sparse: list[Row], dense: list[Row], why: str) -> None:
    found = matching(sparse, dense)
    assert found.outcome == "undecided"
    assert why in found.why
    assert found.text == f"Undecided: {found.why}."


def test_a_verdict_says_what_it_compared() -> None:
    told = "Matches: 88.00 % (88.00 to 88.00) over 3 seeds, the dense mean and one std ask for at least 88.00 %."
    assert matching(below(2, 2, 2), rows(DENSE)).text == told


def test_rows_of_two_cells_are_not_averaged() -> None:
    with pytest.raises(RequestError, match="differ in prior: 'a' and 'b'"):
        matching(rows(DENSE, prior="a") + rows(DENSE, prior="b"), rows(DENSE))


@given(VALUES, VALUES, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_doubles_change_anything(a: list[float], b: list[float], random: object) -> None:
    sparse, dense = rows(a), rows(b)
    mixed, doubled = sparse + sparse[:2] + sparse[:1], dense + dense
    random.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis types its Random as an object
    random.shuffle(doubled)  # type: ignore[attr-defined]  # as above
    assert matching(mixed, doubled) == matching(sparse, dense)


@given(VALUES, VALUES)
def test_strict_is_never_kinder_than_one_std(a: list[float], b: list[float]) -> None:
    strict = matching(rows(a), rows(b), rule="strict").outcome
    assert strict != "yes" or matching(rows(a), rows(b)).outcome == "yes"


def test_a_winning_ticket_starts_from_pretrained_weights() -> None:
    pretrained, initial = (rows(DENSE, draw__rewind=state) for state in ("pretrained", "initial"))
    assert winning(pretrained, rows(DENSE), start="draw.rewind").outcome == "yes"
    assert winning(initial, rows(DENSE)).outcome == "yes", "without an axis it is the study's design"
    assert winning(initial, rows(DENSE), start="draw.rewind").text == (
        "Not a winning ticket: it starts from 'initial', not from the pretrained weights."
    )
    assert winning(rows([1.0] * 3), rows(DENSE)).why == "it does not match the dense network"
    assert winning(rows(DENSE), rows(DENSE), start="draw.rewind").outcome == "undecided"


def test_a_double_win_needs_all_three_and_one_no_settles_it() -> None:
    good, bad, few = ((rows(values), rows(DENSE)) for values in (DENSE, [1.0] * 3, [90.0]))
    assert double_win(good, good, good).text == "A double win: all three match the dense network."
    assert double_win(good, few, good).outcome == "undecided"
    lost = double_win(good, few, bad)
    assert lost.outcome == "no"
    assert lost.text.startswith("No double win: robust accuracy under adversarial transfer: Falls short")


CURVES: list[tuple[dict[float, float], float | None, float | None, float | None, str]] = [
    ({0.5: 90, 0.8: 89, 0.9: 70}, 0.8, 0.9, 0.8, "Matches up to 80 %; 90 % falls short."),
    ({0.5: 90, 0.8: 89}, 0.8, None, 0.8, "Matches up to 80 %, the sparsest measured."),
    ({0.5: 90, 0.8: 70, 0.9: 90}, 0.5, 0.8, 0.9, "Matches up to 50 %; 80 % falls short, 90 % matches again."),
    ({0.5: 70, 0.8: 70}, 0.0, 0.5, None, "No sparsity matches 0 %; 50 % falls short."),
    ({}, None, None, None, "Undecided: nothing sparser than 0 % was measured."),
]


@pytest.mark.parametrize(("curve", "up_to", "then", "anywhere", "text"), CURVES)
def test_the_bracket(
    curve: dict[float, float], up_to: float | None, then: float | None, anywhere: float | None, text: str
) -> None:
    levels = {0.0: rows(DENSE)} | {s: below(*[90 - value] * 3) for s, value in reversed(curve.items())}
    found = largest_matching(levels)
    assert (found.up_to, found.then, found.anywhere, found.text) == (up_to, then, anywhere, text)


def test_a_bracket_says_what_the_means_alone_would() -> None:
    levels = {0.0: rows(DENSE), 0.5: below(0, 0, 0), 0.8: below(0.9, 1.9, 2.9), 0.9: below(9, 9, 9)}
    found = largest_matching(levels)
    assert (found.up_to, found.then_outcome, found.by_means) == (0.5, "undecided", 0.8)
    assert largest_matching({0.0: rows(DENSE), 0.5: below(9, 9, 9)}).by_means == 0.0
    assert largest_matching({0.0: rows(DENSE)}).by_means is None


def test_a_bracket_with_too_few_seeds_stays_open() -> None:
    levels = {0.0: rows(DENSE), 0.5: rows(DENSE), 0.8: rows([99.0, 99.0]), 0.9: rows([1.0] * 3)}
    told = "Matches up to 50 %; 80 % is undecided (the sparse network has 2 seeds, 3 are needed)."
    assert largest_matching(levels).text == told
    assert largest_matching({s: runs[:2] for s, runs in levels.items()}).outcome == "undecided"
    assert "there is no dense run" in largest_matching({0.5: rows(DENSE)}).why
    first_open = largest_matching({0.0: rows(DENSE), 0.5: rows([99.0]), 0.8: rows([1.0] * 3)})
    assert (first_open.outcome, first_open.text[:28]) == ("undecided", "Nothing is shown to match 0 ")


def test_a_verdict_of_nothing_is_a_value() -> None:
    assert Matching("undecided", "std", why="x") == Matching("undecided", "std", why="x")
