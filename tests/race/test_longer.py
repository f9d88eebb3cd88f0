"""Training on whoever won: for how long, of what, and that it is kept only where validation samples agree."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.race.test_climbing import BUDGET
from tests.race.test_rule import DENSE, INT8

from tombola.fitting.fit import Fit
from tombola.models.source import Source
from tombola.race import entrants
from tombola.race.budget import LEAST
from tombola.race.entrants import Entrant
from tombola.race.finish import Finish
from tombola.race.heats import Heats
from tombola.race.longer import Longer, trained_on
from tombola.race.pace import MOST_EPOCHS, an_epoch, to_learn
from tombola.race.training import Start, from_net
from tombola.race.wanted import Wanted
from tombola.spec import build
from tombola.tasks._base import Task

WANTED = Wanted(Source.parse("resnet8"), Task.parse("digits"))
TICKET = replace(INT8, entrant="blocks", accuracy=90.0, ms=0.5, pruned=True, outcomes="")


@dataclass
class Ran:
    """What is asked of an entrant that ran."""

    entrant: Entrant
    steps: int
    finishes: list[Finish]
    learned: int = 200
    judging: float = 5.0
    seconds: float = 100.0
    problem: str = ""


@dataclass
class Track:
    """Trains nothing, and says how it was asked to; ``after`` are the finishes then."""

    after: list[Finish]
    wanted: Wanted = WANTED
    yardstick: Any = None
    teacher: Any = "teacher"
    asked: Any = None
    problem: str = ""
    rates: Any = None

    def __post_init__(self) -> None:  # shared by copies that differ in their teacher
        self.asked, self.rates = ([] if one is None else one for one in (self.asked, self.rates))

    def run(self, entrant: Entrant, steps: int, start: Start) -> Ran:
        self.asked.append((entrant.label, list(entrant.engines), steps, start.sparsity, self.teacher))
        self.rates.append(start.rate)
        own = [one for one in self.after if one.entrant == entrant.label]
        return Ran(entrant, steps, own, learned=start.learned + steps, problem=self.problem)

    def net(self, ran: Ran) -> str:
        return f"{ran.entrant.label}.net"


def heats(*after: Finish, problem: str = "", wanted: Wanted = WANTED, spent: float = 100.0) -> Any:
    """A race that is over, of which so much is left, and whose dense net learned for 200 steps."""
    track: Any = Track(list(after), wanted, problem=problem)
    return Heats(track, BUDGET, DENSE, spent, 100, learned=200)


def ran(*finishes: Finish, sparsity: float = 0.0, steps: int = 200) -> dict[Finish, Any]:
    """How they ran."""
    made = Ran(
        Entrant(finishes[0].entrant, {"name": "omp", "sparsity": sparsity}, ["other"]), steps, list(finishes), steps
    )
    return dict.fromkeys(finishes, made)


def gone(racing: Any, *judged: Finish, before: dict[Finish, Any], most: int = 10**6) -> Longer | None:
    """The first of them trained on, the others beside it."""
    winner, *beside = judged
    return trained_on(racing, winner, before[winner], beside or [winner], most)


def better(one: Finish, by: float) -> Finish:
    return replace(one, accuracy=one.accuracy + by, outcomes="")


def test_the_dense_net_goes_on_as_itself_and_int8_is_held_against_it() -> None:
    racing = heats(better(INT8, 1.0), better(DENSE, 1.5))
    found = gone(racing, INT8, DENSE, INT8, before=ran(DENSE, INT8))
    assert found is not None
    assert found.kept
    # 600 s of which 95 % are planned, 100 spent, 40 for the end and 5 for judging; a step takes one, a tenth is left
    assert racing.track.asked == [(entrants.DENSE, [INT8.engine, DENSE.engine], 382, 0.0, None)]
    assert racing.track.rates == [382 / 582]
    assert racing.spent == 200.0
    assert found.reference(DENSE) == better(DENSE, 1.5)
    assert (found.steps, found.before, found.after) == (382, INT8, better(INT8, 1.0))


def test_being_judged_in_some_engines_takes_a_part_by_their_count_or_by_their_times() -> None:
    slow = replace(DENSE, engine="slow", ms=7 * INT8.ms)
    racing = heats(INT8)
    gone(racing, INT8, before=ran(INT8, slow))
    assert racing.track.asked[0][2] == 384, "half of the engines: half of 5 seconds, though an eighth of the times"
    again = heats(slow)
    gone(again, slow, before=ran(INT8, slow))
    assert again.track.asked[0][2] == 383, "seven eighths, in whole steps"


def test_a_ticket_goes_on_beside_its_teacher_at_its_sparsity() -> None:
    racing = heats(better(TICKET, 1.0))
    found = gone(racing, TICKET, DENSE, before=ran(TICKET, sparsity=0.8))
    assert found is not None
    assert racing.track.asked == [("blocks", [TICKET.engine], int(0.9 * 425 / (4 / 3)), 0.8, "teacher")]
    assert found.reference(DENSE) is DENSE


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        ([better(INT8, 0.0), better(DENSE, 0.0)], True),
        ([better(INT8, -0.1), better(DENSE, 0.0)], False),
        ([better(INT8, 0.5), better(DENSE, 5.0)], False),
    ],
)
def test_it_is_kept_where_it_is_no_worse_and_holds_the_margin_from_its_own_float32(
    after: list[Finish], kept: bool
) -> None:
    found = gone(heats(*after), INT8, DENSE, before=ran(DENSE, INT8))
    assert found is not None
    assert found.kept == kept
    assert found.reference(DENSE) == (after[1] if kept else DENSE)


def test_of_what_missed_the_margin_already_the_more_accurate_is_kept() -> None:
    missed = better(INT8, -50.0)
    found = gone(heats(better(missed, 1.0), DENSE), missed, DENSE, before=ran(DENSE, missed))
    assert isinstance(found, Longer)
    assert found.kept


def test_nothing_is_trained_on_without_time_or_beyond_what_it_can_learn_from() -> None:
    # 530 - 5 of judging is what may be spent; fewer than LEAST steps of one second tell nothing
    assert gone(heats(INT8, spent=525.0 - LEAST), INT8, before=ran(INT8)) is None
    assert gone(heats(INT8, spent=525.0 - LEAST / 0.8), INT8, before=ran(INT8)) is not None
    assert gone(heats(INT8), INT8, before=ran(INT8), most=LEAST - 1) is None
    assert gone(heats(INT8, problem="no memory"), INT8, before=ran(INT8)) is None


def test_a_net_can_learn_from_so_many_epochs_and_from_none_where_the_user_said_how_long() -> None:
    most = MOST_EPOCHS * an_epoch(WANTED)
    assert [to_learn(WANTED, steps) for steps in (0, 200, most, most + 1)] == [most, most - 200, 0, 0]
    assert to_learn(replace(WANTED, fit={"epochs": "3ep"}), 0) == 0


def test_a_part_of_the_minutes_is_kept_for_it() -> None:
    kept = BUDGET.keeping(130.0, 10**6)
    assert kept.last == 100.0  # a quarter of 570 - 130 - 40
    assert kept.stretch(130.0, 2, 10**6) < BUDGET.stretch(130.0, 2, 10**6)
    steps = kept.stretch(130.0, 1, 10**6)
    spent = 130.0
    while kept.allows(steps, spent):
        spent += steps * 4 / 3 + kept.one
    assert kept.more(spent, 10**6, step=1.0, judged=20.0) >= 70
    assert spent + 100.0 + kept.closing <= 570.0
    assert BUDGET.keeping(130.0, 40).last == 60.0, "no more than the dense net can use, and being judged"
    assert BUDGET.keeping(130.0, LEAST - 1).last == 0.0


def test_it_goes_on_at_a_part_of_the_rate_that_anyone_wrote(tmp_path: Path) -> None:
    rated = replace(WANTED, fit={"optimizer": {"name": "adamw", "lr": 0.2}})
    ticket = Entrant("blocks", {"name": "omp", "sparsity": 0.8}, ["other"])
    for wanted, rate in ((rated, 0.05), (WANTED, 0.0025)):
        how = from_net(wanted, ticket, 30, Start(tmp_path, 0.8, 90, rate=0.25), None)
        assert build(Fit, how["transfer"]["fit"]).optimizer.lr == rate
        whole = from_net(wanted, ticket, 30, Start(tmp_path, 0.8, 90), None)
        assert build(Fit, whole["transfer"]["fit"]).optimizer.lr == 4 * rate
