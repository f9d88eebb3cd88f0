"""What won, trained on for the minutes that are left; kept where it is no worse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tombola.race.budget import TEACHER
from tombola.race.entrants import DENSE
from tombola.race.finals import Ran
from tombola.race.finish import Finish, same
from tombola.race.heats import Heats
from tombola.race.pace import MOST_EPOCHS, an_epoch, asked_steps
from tombola.race.rule import holds
from tombola.race.training import Start
from tombola.race.wanted import Wanted


def to_learn(wanted: Wanted, steps: int) -> int:
    """Steps that a net can still learn from after so many; none where the user said how long nets are to be trained."""
    return 0 if asked_steps(wanted) is not None else max(0, MOST_EPOCHS * an_epoch(wanted) - steps)


@dataclass(frozen=True)
class Longer:
    """The winner on validation samples ``before`` and ``after`` it was trained on, and whether that was ``kept``."""

    before: Finish
    after: Finish
    ran: Ran
    kept: bool

    @property
    def steps(self) -> int:
        """How long it was trained on."""
        return self.ran.steps

    def reference(self, before: Finish) -> Finish:
        """What accuracy is held against: of the same net where it was trained on, else as it was."""
        return same(before, self.ran.finishes) if self.kept and before.entrant == self.after.entrant else before


def trained_on(heats: Heats, winner: Finish, ran: Mapping[Finish, Ran], beside: Sequence[Finish] = ()) -> Longer | None:
    """The winner trained on from where it is, and judged once more on validation samples; no finish is changed.

    None where no time is left, and where the user said how long nets are to be trained. Finishes ``beside`` that are of
    the same net are judged too: int8 is held against its own net in float32, not against one that learned less.
    """
    before = ran[winner]
    judged = [one for one in (winner, *beside) if one.entrant == winner.entrant]
    engines = list(dict.fromkeys(one.engine for one in judged))
    steps = _steps(heats, before, engines)
    if not steps:
        return None
    entrant = replace(before.entrant, engines=engines)
    # what is left of the rate where one schedule over all steps, falling evenly, would be by now
    rate = steps / (before.learned + steps)
    start = Start(heats.track.net(before), entrant.sparsity, before.learned, rate)
    after = heats.track_of(entrant.label).run(entrant, steps, start)
    heats.spent += after.seconds
    if after.problem:
        return None
    found = same(winner, after.finishes)
    against = same(heats.against, after.finishes) if heats.against in judged else heats.against
    wanted = heats.track.wanted
    held = holds(found, against, wanted.margin) or not holds(winner, heats.against, wanted.margin)
    return Longer(winner, found, after, kept=held and found.accuracy >= winner.accuracy)


def _steps(heats: Heats, before: Ran, engines: Sequence[str]) -> int:
    """As many as there is time for; the dense net learns nothing from more than `MOST_EPOCHS` in all."""
    budget, dense = heats.budget, before.entrant.label == DENSE
    most = to_learn(heats.track.wanted, before.steps if dense else 0)
    step, judged = (1 if dense else TEACHER) * budget.step, _part(before, engines) * before.judging
    return budget.more(heats.spent, most, step=step, judged=judged)


def _part(before: Ran, engines: Sequence[str]) -> float:
    """The part of being judged in all engines that these take: by their count or by their times, whichever is more."""
    times = {one.engine: one.ms for one in before.finishes}
    return max(len(engines) / len(times), sum(times[name] for name in engines) / sum(times.values()))
