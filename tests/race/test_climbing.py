"""Ladders on figures alone: who is trained next, from where, who falls out, and what a budget pays for."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tombola.errors import RequestError
from tombola.models.source import Source
from tombola.race.budget import LEAST, Budget
from tombola.race.climbing import TRIES, Climb, cheapest, climbed
from tombola.race.entrants import NOTHING, Entrant, Ladder
from tombola.race.finish import Finish
from tombola.race.rule import Standing
from tombola.race.training import Start

DENSE = Start(Path("dense"))


def ladder(label: str, *sparsities: float) -> Ladder:
    rungs = [Entrant(f"{label} {sparsity}", {**NOTHING, "sparsity": sparsity}, ["torch"]) for sparsity in sparsities]
    return Ladder(label, rungs)


class Toy(Climb):
    """A climb whose stretches end at once: a rung holds at the try that a table says, none that it does not name."""

    def __init__(self, ladder: Ladder, holds_at: Mapping[str, int]) -> None:
        super().__init__(ladder, DENSE)
        self.holds_at, self.trained = holds_at, list[tuple[str, float | None]]()

    def stretch(self, rung: Entrant) -> bool:
        self.trained.append((rung.label, None if self.start is None else self.start.sparsity))
        tried = sum(label == rung.label for label, _ in self.trained)
        held = 1 - rung.sparsity if tried == self.holds_at.get(rung.label) else None
        self.took(90.0, Start(Path(rung.label), rung.sparsity), held)
        return True


def run(*climbs: Toy) -> dict[str, str]:
    by_label = {one.label: one for one in climbs}
    return climbed(climbs, lambda climb, rung: by_label[climb.label].stretch(rung))


def test_a_rung_that_holds_is_left_for_the_next_and_one_that_does_not_is_trained_on() -> None:
    one = Toy(ladder("blocks", 0.5, 0.7, 0.9), {"blocks 0.5": 1, "blocks 0.7": 2})
    assert run(one) == {}
    assert one.trained == [
        ("blocks 0.5", 0.0),
        ("blocks 0.7", 0.5),
        ("blocks 0.7", 0.7),
        *[("blocks 0.9", 0.7), ("blocks 0.9", 0.9), ("blocks 0.9", 0.9)],
    ]
    assert one.rung is None
    assert one.standing == Standing(pytest.approx(0.3), 90.0)  # type: ignore[arg-type]


def test_half_fall_out_after_a_round_and_it_is_said_who_did_better() -> None:
    good, bad = Toy(ladder("good", 0.5), {"good 0.5": 2}), Toy(ladder("bad", 0.6), {})
    bad.standing = Standing(None, 0.0)
    fallen = run(good, bad)
    assert fallen == {"bad": "90.0 % after a stretch of training; good did better"}
    assert len(bad.trained) == 1


def test_no_time_ends_it_and_what_was_not_trained_is_left() -> None:
    one = Climb(ladder("blocks", 0.5, 0.7), DENSE)
    assert climbed([one], lambda *_: False) == {}
    assert [rung.label for rung in one.left] == ["blocks 0.5", "blocks 0.7"]


def test_another_pretrained_net_begins_with_its_own_weights_and_goes_on_from_itself() -> None:
    rungs = [Entrant(name, NOTHING, ["torch"], Source.parse(name)) for name in ("resnet20", "resnet8")]
    one = Climb(Ladder("smaller", rungs, even=False), DENSE)
    begun = [one.start]
    for held in (None, 1.0):
        one.took(90.0, Start(Path("its own")), held)
        begun.append(one.start)
    assert begun == [None, Start(Path("its own")), None]
    assert one.rung == rungs[1]


def test_what_cannot_run_ends_its_ladder() -> None:
    one = Climb(ladder("blocks", 0.5, 0.7), DENSE)
    one.failed()
    assert one.rung is None
    assert TRIES > 1


def test_the_cheapest_that_holds() -> None:
    finishes = [Finish(name, ms, 1, "x", "int8", 90.0, 9) for name, ms in (("a", 2.0), ("b", 1.0), ("c", 0.5))]
    assert cheapest(finishes, "latency", lambda one: one.engine != "c") == 1.0
    assert cheapest(finishes, "latency", lambda _: False) is None


BUDGET = Budget(whole=600.0, step=1.0, judged=20.0, one=10.0, looking=30.0, closing=40.0)


def test_a_budget_is_never_planned_beyond_its_end() -> None:
    steps = BUDGET.dense_steps(50.0, most=10**6, ladders=2)
    spent = 50.0 + steps + BUDGET.judged + 2 * BUDGET.looking
    for ladders in (1, 2, 3, 9):
        stretch = BUDGET.stretch(spent, ladders, most=10**6)
        assert stretch >= LEAST
        assert spent + BUDGET.one + stretch * 4 / 3 + BUDGET.closing <= BUDGET.whole
    assert BUDGET.stretch(spent, 1, most=30) == 30
    assert BUDGET.stretch(590.0, 1, most=10**6) == 0


def test_what_cannot_train_anything_says_how_much_could() -> None:
    BUDGET.require(0.0)
    with pytest.raises(RequestError, match=r"--minutes 1: too few .* A step takes 1 s here; .* write --minutes 3 or"):
        Budget(**{**vars(BUDGET), "whole": 60.0}).require(0.0)
    Budget(**{**vars(BUDGET), "whole": 60 * 3.0}).require(0.0)


def test_the_end_takes_as_much_longer_as_being_judged_does_by_now() -> None:
    def left(budget: Budget) -> int:
        return budget.more(0.0, 10**6, step=1.0, judged=0.0)

    lucky = BUDGET.after(step=4 / 3, judged=5.0)
    assert left(lucky) == left(BUDGET) == 477
    assert left(lucky.after(step=4 / 3, judged=10.0)) == 477, "as long as was expected, whatever the one before took"
    assert left(lucky.after(step=4 / 3, judged=20.0)) == 441
    assert BUDGET.with_dense(step=1.0, judged=10.0, closing=30.0).one == 5.0
