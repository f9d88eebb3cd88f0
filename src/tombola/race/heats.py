"""Heats: stretches of training of every ladder that could win, and one look at held-out samples."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tombola.errors import StageError
from tombola.race.budget import Budget
from tombola.race.climbing import Climb, cheapest, climbed
from tombola.race.entrants import DENSE, Entrant, Ladder
from tombola.race.finals import Ran, Track
from tombola.race.finish import Finish, Timed
from tombola.race.rule import holds, no_faster_than_sparser
from tombola.race.training import Start

LATE: Final = "no time was left for it; raise --minutes"


@dataclass
class Heats:
    """Stretches of training under way; ``ran`` is the best of each rung, ``untried`` those there was no time for."""

    track: Track
    budget: Budget
    against: Finish
    spent: float
    longest: int
    learned: int = 0
    """Steps that the dense net learned for."""
    ran: dict[str, Ran] = field(default_factory=dict)
    untried: list[str] = field(default_factory=list)
    steps: int = 0
    _behind: int = 0

    def run(self, found: Sequence[Ladder], known: Mapping[str, Sequence[Timed]], left: dict[str, str]) -> None:
        """Climb them all, each rung in its cheapest engine; says in ``left`` why what was not trained was not."""
        target, limits = self.track.wanted.target, self.track.wanted.limits
        quickest = {
            name: min(times, key=lambda one: (not limits.allow(one), one.cost(target))).engine
            for name, times in known.items()
        }
        assert self.track.teacher is not None
        begin = Start(self.track.teacher)
        narrowed = [
            replace(one, rungs=[replace(rung, engines=[quickest[rung.label]]) for rung in one.rungs]) for one in found
        ]
        climbs = [Climb(one, begin) for one in narrowed]
        self.steps = self.budget.stretch(self.spent, len(climbs), self.longest) if climbs else 0
        fallen = climbed(climbs, lambda climb, rung: self._stretch(climb, rung, left))
        for one in climbs:
            for rung in one.left:
                why = fallen.get(one.label) or ("" if one.rung is None else LATE)
                left.setdefault(rung.label, why or "one with more left did not hold the margin")
        self.untried = [label for label, why in left.items() if why == LATE]

    def finished(self, found: Sequence[Ladder]) -> Iterator[tuple[Finish, Ran]]:
        """What ran, ladder by ladder, the sparsest rung first: of two that cost the same it is the one to ship."""
        for ladder in found:
            rungs = [self.ran[rung.label] for rung in reversed(ladder.rungs) if rung.label in self.ran]
            told = [one.finishes for one in rungs]
            for ran, finishes in zip(rungs, no_faster_than_sparser(told) if ladder.even else told, strict=True):
                yield from ((one, ran) for one in finishes)

    def held_out(self, finishes: Sequence[Finish], ran: Mapping[Finish, Ran]) -> list[Finish]:
        """The same on the test split, each once and its net trained as it was; those of one net run in turns."""
        found: dict[tuple[str, str], Finish] = {}
        for label in dict.fromkeys(one.entrant for one in finishes):
            some = [one for one in finishes if one.entrant == label]
            before = ran[some[0]]
            entrant = replace(before.entrant, engines=list(dict.fromkeys(one.engine for one in some)))
            again = sound(self.track_of(label).run(entrant, before.steps, before.start, judged="test"))
            found |= {(label, one.engine): one for one in again.finishes}
        return list(dict.fromkeys(found[one.entrant, one.engine] for one in finishes))

    def behind(self, entrant: Entrant, learned: int) -> int:
        """Steps that the dense net is behind this one after so many; a ticket went on from the dense net."""
        return learned if entrant.source is None else max(0, learned - self.learned)

    def track_of(self, label: str) -> Track:
        """Where that is trained: beside the dense net and taught by it, or the dense net itself."""
        return replace(self.track, yardstick=None, teacher=None) if label == DENSE else self.track

    def _stretch(self, climb: Climb, rung: Entrant, left: dict[str, str]) -> bool:
        behind = self.behind(rung, self.steps + (0 if climb.start is None else climb.start.learned))
        if not self.steps or not self.budget.allows(self.steps, self.spent, max(behind, self._behind)):
            return False
        ran = self.track.run(rung, self.steps, climb.start)
        self.spent += ran.seconds
        if not ran.problem:
            self.budget = self.budget.after(step=ran.training / ran.steps, judged=ran.judging)
        if ran.problem:
            left[rung.label] = ran.problem
            climb.failed()
            return True
        self._behind = max(behind, self._behind)
        wanted = self.track.wanted
        held = cheapest(ran.finishes, wanted.target, lambda one: holds(one, self.against, wanted.margin))
        climb.took(
            max(one.accuracy for one in ran.finishes), Start(self.track.net(ran), rung.sparsity, ran.learned), held
        )
        self._keep(ran)
        return True

    def _keep(self, ran: Ran) -> None:
        """Of several stretches of one rung the most accurate counts."""
        label, (found, *_) = ran.entrant.label, ran.finishes
        if label not in self.ran or found.accuracy >= self.ran[label].finishes[0].accuracy:
            self.ran[label] = ran
        word = "holds the margin" if holds(found, self.against, self.track.wanted.margin) else "does not hold it yet"
        self.track.reporter.note(f"{label}: {found.accuracy:.2f} %, {found.ms:.3f} ms; {word}")


def sound(ran: Ran) -> Ran:
    """It, unless it failed: there is no race without the dense net, and nothing to ship without the winner."""
    if ran.problem:
        raise StageError(f"{ran.entrant.label}: {ran.problem}")
    return ran
