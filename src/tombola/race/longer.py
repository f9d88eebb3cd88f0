"""What won, trained on for the minutes that are left; kept where it is no worse."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tombola.race.budget import TEACHER
from tombola.race.entrants import DENSE
from tombola.race.finals import Ran
from tombola.race.finish import Finish, same
from tombola.race.heats import Heats
from tombola.race.rule import holds
from tombola.race.training import Start


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


def trained_on(heats: Heats, winner: Finish, before: Ran, beside: Sequence[Finish], most: int) -> Longer | None:
    """The winner trained on from where it is, by so many steps at most; None where no time is left.

    It is held against the first of the finishes ``beside``. Those that are of the same net are judged too: int8 is held
    against its own net in float32, not against one that learned less.
    """
    judged = [one for one in dict.fromkeys((winner, *beside)) if one.entrant == winner.entrant]
    step = (1 if winner.entrant == DENSE else TEACHER) * heats.budget.step
    steps = heats.budget.more(heats.spent, most, step=step, judged=part(before, judged) * before.judging)
    return gone_on(heats, winner, before, judged, beside[0], steps) if steps else None


def gone_on(
    heats: Heats, winner: Finish, before: Ran, judged: Sequence[Finish], against: Finish, steps: int
) -> Longer | None:
    """So many steps on from where it is, judged once more on validation samples; no finish is changed.

    None where that could not be run. It is kept where the winner is no less accurate than it was and does not lose the
    margin.
    """
    entrant = replace(before.entrant, engines=[one.engine for one in judged])
    # what is left of the rate where one schedule over all steps, falling evenly, would be by now
    rate = steps / (before.learned + steps)
    start = Start(heats.track.net(before), entrant.sparsity, before.learned, rate)
    after = heats.track_of(entrant.label).run(entrant, steps, start)
    heats.spent += after.seconds
    if after.problem:
        return None
    found = same(winner, after.finishes)
    margin = heats.track.wanted.margin
    now = same(against, after.finishes) if against in judged else against
    held = holds(found, now, margin) or not holds(winner, against, margin)
    return Longer(winner, found, after, kept=held and found.accuracy >= winner.accuracy)


def part(before: Ran, judged: Sequence[Finish]) -> float:
    """The part of being judged in all engines that these take: by their count or by their times, whichever is more."""
    times = {one.engine: one.ms for one in before.finishes}
    return max(len(judged) / len(times), sum(times[one.engine] for one in judged) / sum(times.values()))
