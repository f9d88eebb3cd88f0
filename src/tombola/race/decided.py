"""Who wins: chosen on validation samples, held against a dense net that learned for as long, and trained on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tombola.race.entrants import DENSE
from tombola.race.finals import Ran
from tombola.race.finish import Finish, same
from tombola.race.heats import Heats
from tombola.race.longer import Longer, gone_on, part, trained_on
from tombola.race.pace import to_learn
from tombola.race.rule import best, holds, reference


@dataclass(frozen=True)
class Met:
    """The dense net trained on since ``ahead`` had learned for so many steps more, ``behind``; ``longer`` says how."""

    ahead: Finish
    behind: int
    longer: Longer


@dataclass(frozen=True)
class Decided:
    """What a race came to: how every finish ran, what accuracy is held against, the best unpruned one, the winner."""

    ran: Mapping[Finish, Ran]
    against: Finish
    rival: Finish
    winner: Finish
    met: Met | None = None
    longer: Longer | None = None

    @property
    def shipped(self) -> dict[Finish, Ran]:
        """How each finish came to be, the winner's net as it is shipped."""
        if self.longer is None or not self.longer.kept:
            return dict(self.ran)
        return {one: self.longer.ran if one.entrant == self.winner.entrant else ran for one, ran in self.ran.items()}


def decided(heats: Heats, ran: Mapping[Finish, Ran]) -> Decided:
    """The end of a race after its heats; no finish is changed.

    What is ahead of the dense net learned for longer than it, so the dense net is trained on first, and its finishes
    stand in place of those of before where it is no worse. Then who wins is decided anew.
    """
    found = _chosen(heats, ran, heats.against)
    met = _met(heats, found)
    if met is not None and met.longer.kept:
        again = dict.fromkeys(_timed_as_before(met.longer.ran.finishes, ran), met.longer.ran)
        others = {one: how for one, how in ran.items() if one.entrant != DENSE}
        found = _chosen(heats, again | others, reference(list(again)))
    beside = [found.against, found.rival]
    longer = trained_on(heats, found.winner, found.ran[found.winner], beside, _most(heats, found, met))
    return replace(found, met=met, longer=longer)


def _chosen(heats: Heats, ran: Mapping[Finish, Ran], against: Finish) -> Decided:
    wanted = heats.track.wanted
    winner = best(ran, against, wanted.margin, wanted.target, wanted.limits)
    rival = best([one for one in ran if not one.pruned], against, wanted.margin, wanted.target)
    return Decided(ran, against, rival, winner)


def _met(heats: Heats, found: Decided) -> Met | None:
    """The dense net trained for as long as what is ahead of it; None where it is not behind, or no time is left."""
    winner, against, wanted = found.winner, found.against, heats.track.wanted
    if winner.entrant == DENSE or not holds(winner, against, wanted.margin):
        return None
    ran, dense = found.ran[winner], found.ran[against]
    behind = heats.behind(ran.entrant, ran.learned)
    judged = part(ran, [winner]) * ran.judging
    steps = min(to_learn(wanted, dense.steps), heats.budget.as_long(heats.spent, behind, judged=judged))
    every = [one for one in found.ran if one.entrant == DENSE]
    longer = gone_on(heats, against, dense, every, against, steps) if steps and behind else None
    return None if longer is None else Met(winner, behind, longer)


def _timed_as_before(finishes: Sequence[Finish], others: Iterable[Finish]) -> list[Finish]:
    """The same net takes as long whatever it learned, and others were timed beside it then."""
    before = list(others)
    return [replace(one, ms=same(one, before).ms) for one in finishes]


def _most(heats: Heats, found: Decided, met: Met | None) -> int:
    """Steps that the winner can be trained on; what is not the dense net never for longer than the dense net was."""
    wanted, dense = heats.track.wanted, found.ran[found.against]
    if found.winner.entrant == DENSE:
        return to_learn(wanted, dense.learned)
    learned = dense.learned if met is None or met.longer.kept else dense.learned + met.longer.steps
    if not to_learn(wanted, learned):
        return to_learn(wanted, 0)  # the dense net can use no more
    return 0 if met is None else max(0, met.longer.steps - met.behind)
