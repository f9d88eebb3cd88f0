"""The end of a race: what is ahead meets a dense net that learned for as long, and who wins is decided then."""

from dataclasses import replace
from typing import Any

import pytest
from tests.race.test_climbing import BUDGET
from tests.race.test_longer import TICKET, WANTED, better, heats, ran
from tests.race.test_rule import DENSE, INT8

from tombola.race.budget import LEAST
from tombola.race.decided import Decided, decided
from tombola.race.entrants import Entrant
from tombola.race.finish import Finish
from tombola.race.pace import to_learn

FAR = better(TICKET, 3.0)


def ended(racing: Any, ticket: Finish = TICKET, learned: int = 60) -> Decided:
    """A race in which a ticket stands beside the dense net, 60 steps after it."""
    return decided(racing, ran(DENSE, INT8) | ran(ticket, sparsity=0.8, steps=learned))


def asked(racing: Any) -> list[tuple[str, int]]:
    """Who was trained on, and for how long."""
    return [(label, steps) for label, _, steps, *_ in racing.track.asked]


def test_the_dense_net_learns_for_as_long_as_what_is_ahead_of_it_and_both_go_on_with_the_rest() -> None:
    racing = heats(DENSE, INT8, better(TICKET, 1.0))
    end = ended(racing)
    assert end.winner == TICKET
    # 430 s are left: less 20 and 5 of judging a tenth is left of 405, less 60 that are behind, a step of both takes 7/3
    further = int((0.9 * 405 - 60) / (1 + 4 / 3))
    assert asked(racing)[0] == (DENSE.entrant, 60 + further)
    (label, steps) = asked(racing)[1]
    assert (label, steps <= further) == (TICKET.entrant, True)
    assert end.met is not None
    assert (end.met.ahead, end.met.behind, end.met.longer.kept) == (TICKET, 60, True)


def test_a_dense_net_that_gained_by_it_is_what_accuracy_is_held_against_and_is_shipped() -> None:
    racing = heats(*(better(one, 3.0) for one in (DENSE, INT8)))
    end = ended(racing)
    assert end.winner.entrant == DENSE.entrant
    assert (end.winner.engine, end.winner.accuracy) == (INT8.engine, INT8.accuracy + 3.0)
    assert end.against.accuracy == DENSE.accuracy + 3.0
    assert end.shipped[end.winner].learned > 260, "from where it is, not from where it was"
    assert TICKET in end.ran


def test_a_ticket_that_holds_from_that_too_wins_and_its_table_shows_the_dense_net_as_it_is_now() -> None:
    racing = heats(*(replace(better(one, 2.0), ms=9.0) for one in (DENSE, INT8)), better(FAR, -9.0))
    end = ended(racing, FAR)
    assert end.winner == FAR
    told = {(one.entrant, one.engine): (one.accuracy, one.ms) for one in end.ran}
    assert told[DENSE.entrant, DENSE.engine] == (DENSE.accuracy + 2.0, DENSE.ms), "timed as it was beside the others"
    assert end.longer is not None
    assert not end.longer.kept
    assert end.shipped[end.winner].learned == 60


def test_a_dense_net_that_lost_by_it_stays_as_it_was() -> None:
    end = ended(heats(*(better(one, -2.0) for one in (DENSE, INT8)), TICKET))
    assert (end.winner, end.against) == (TICKET, DENSE)
    assert end.met is not None
    assert not end.met.longer.kept


def test_nothing_goes_on_alone_where_no_time_is_left_to_meet_it() -> None:
    # 530 less 20 of judging the dense net; the ticket's own judging takes 5
    racing = heats(DENSE, INT8, TICKET, spent=510.0 - LEAST)
    end = ended(racing)
    assert (end.winner, end.met, end.longer) == (TICKET, None, None)
    assert asked(racing) == []


def test_a_dense_net_that_learned_all_it_can_is_met_and_the_ticket_goes_on() -> None:
    racing = heats(better(TICKET, 1.0))
    racing.learned = to_learn(WANTED, 0)
    end = decided(racing, ran(DENSE, INT8, steps=racing.learned) | ran(TICKET, sparsity=0.8, steps=60))
    assert end.met is None
    assert [label for label, _ in asked(racing)] == [TICKET.entrant]


def test_what_misses_the_margin_meets_nobody_and_goes_on() -> None:
    limited: Any = replace(WANTED, limits=type(WANTED.limits)(ms=0.6))
    racing = heats(better(TICKET, -60.0), wanted=limited)
    end = ended(racing, better(TICKET, -60.0))
    assert (end.winner.entrant, end.met) == (TICKET.entrant, None)


def test_another_pretrained_net_is_ahead_by_its_own_steps_less_those_of_the_dense_net() -> None:
    racing = heats()
    ticket, other = (Entrant("x", {"name": "omp", "sparsity": 0.5}, ["y"], source) for source in (None, WANTED.model))
    assert [racing.behind(one, 260) for one in (ticket, other)] == [260, 60]
    assert [racing.behind(one, 100) for one in (ticket, other)] == [100, 0]


def test_time_is_kept_for_it_while_others_climb() -> None:
    spent = 570.0 - 40.0 - 10.0 - 100 * 4 / 3
    can = replace(BUDGET, more_steps=60)
    assert can.allows(100, spent)
    assert can.allows(100, spent - 50.0 - BUDGET.judged, behind=50)
    assert not can.allows(100, spent - 49.0 - BUDGET.judged, behind=50)
    assert can.allows(100, spent - 60.0 - BUDGET.judged, behind=80), "of more it learns nothing"


@pytest.mark.parametrize(("ladders", "can"), [(1, 10**6), (2, 10**6), (3, 10**6), (2, 30), (1, 0)])
def test_as_many_stretches_as_are_planned_leave_time_to_catch_up(ladders: int, can: int) -> None:
    for spent in range(130, 500, 20):
        budget = BUDGET.keeping(float(spent), can)
        steps = budget.stretch(float(spent), ladders, 10**6)
        assert steps == 0 or budget.allows(steps, float(spent), steps), "the first of them"
    long = replace(BUDGET, whole=6000.0).keeping(100.0, can)
    steps = long.stretch(100.0, ladders, 10**6)
    after = 100.0 + (2 * ladders + 1) * (steps * 4 / 3 + long.one)
    assert long.allows(steps, after, (ladders + 3) * steps), "the last of the ladder that stays"
