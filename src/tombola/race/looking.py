"""What is found out before training, once: the pace of this machine, and times and bytes of all who may race.

It is kept in the race's notebook, so that the same command goes on after a kill with the same numbers.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from tombola.engines._base import Engine
from tombola.errors import RequestError
from tombola.fitting.session import Reporter
from tombola.models.network import Network
from tombola.race.entrants import Entrant, Ladder, for_dense
from tombola.race.finish import Timed
from tombola.race.foretold import foretold, ruled_out
from tombola.race.known import Beside, filled, headed, prepared, timed, to_time
from tombola.race.notebook import Notebook
from tombola.race.pace import seconds_a_step
from tombola.race.rule import yardstick_of
from tombola.race.wanted import Target, Wanted


@dataclass(frozen=True)
class Looking:
    """Looks, and writes down what is seen."""

    wanted: Wanted
    book: Notebook
    device: str
    reporter: Reporter
    scratch: str

    def at_dense(self, dense: Entrant) -> Sequence[Timed]:
        """The pace, and the dense net in its engines; raises `RequestError` where none runs it."""
        if not self.book.step:
            self.reporter.note("how fast this machine trains it")
            with self._counted():
                self.book.step = seconds_a_step(headed(self.wanted), self.wanted, self.device)
        before = self.book.seconds
        self._look(dense, None)
        self.book.looked = self.book.looked or self.book.seconds - before
        self.book.keep()
        if dense.label in self.book.impossible:
            raise RequestError(f"the dense net runs in no engine here: {self.book.impossible[dense.label]}")
        return self.book.known[dense.label]

    def at_ladder(self, ladder: Ladder, dense: Sequence[Timed], to_beat: float) -> Ladder:
        """The ladder of those that this net can be, all of whose times are known then; who has no engine is left out.

        The last rung comes first: where even that costs as much as what is there already, no other is looked at. Nor is
        one that the model of costs rules out.
        """
        narrowed = _narrowed(ladder, dense, self.wanted.target)
        for rung in to_time(narrowed):
            self._rule_out(rung, to_beat)
            self._look(rung, yardstick(dense))
            if narrowed.even and self._tells_enough(rung, narrowed, to_beat):
                break
        self.book.known |= filled(narrowed, self.book.known)
        self.book.keep()
        return replace(narrowed, rungs=[one for one in narrowed.rungs if one.label in self.book.known])

    def saw(self, ladder: Ladder) -> bool:
        """Whether it was looked at, now or before a kill."""
        return any(one.label in self.book.known or one.label in self.book.impossible for one in ladder.rungs)

    def unlooked(self, ladder: Ladder, to_beat: float) -> dict[str, str]:
        """Why the other rungs of a ladder that was looked at were not, by their label."""
        last = ladder.rungs[-1].label if ladder.rungs else ""
        why = f"not even {last} costs less than what is there already"
        if self._cost(last) < to_beat:
            why = "no engine that runs the dense net best would run it"
        seen = {*self.book.known, *self.book.impossible}
        return {one.label: self.book.impossible.get(last, why) for one in ladder.rungs if one.label not in seen}

    def _tells_enough(self, rung: Entrant, ladder: Ladder, to_beat: float) -> bool:
        """Whether no other rung of an even ladder need be looked at after this one.

        That is so where the last costs too much, or cannot be had; else once one more was timed.
        """
        if rung is ladder.rungs[-1]:
            return self._cost(rung.label) >= to_beat
        return rung.label in self.book.known

    def _cost(self, label: str) -> float:
        """Of its cheapest engine; of what has none, more than anything."""
        return min((one.cost(self.wanted.target) for one in self.book.known.get(label, ())), default=inf)

    def _look(self, entrant: Entrant, beside: Timed | None) -> None:
        if entrant.label in self.book.known or entrant.label in self.book.impossible:
            return
        self.reporter.note(f"how fast and how large: {entrant.label}")
        with self._counted():
            network = headed(self.wanted, entrant)
            there = None if beside is None or entrant.source is not None else self._beside(network, beside)
            times, why = timed(network, entrant, self.wanted, self.reporter, there)
            if times:
                self.book.known[entrant.label] = times
            else:
                self.book.impossible[entrant.label] = why

    def _rule_out(self, entrant: Entrant, to_beat: float) -> None:
        if entrant.label in self.book.known or entrant.label in self.book.impossible:
            return
        with self._counted():
            if why := ruled_out(foretold(headed(self.wanted, entrant), entrant, self.wanted), to_beat, self.wanted):
                self.book.impossible[entrant.label] = why

    def _beside(self, network: Network, yardstick: Timed) -> Beside:
        """The yardstick made ready once for all that is looked at; nothing stands beside another net's."""
        folder = Path(self.scratch) / "yardstick"
        return Beside(yardstick, folder) if folder.exists() else prepared(network, yardstick, self.wanted, folder)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.book.seconds += time.monotonic() - begun
        self.book.keep()


def _narrowed(ladder: Ladder, dense: Sequence[Timed], target: Target) -> Ladder:
    """The ladder in those of its engines that are worth it beside the dense net's, without rungs that have none."""
    ours = target == "latency" and _ours_is_fastest(dense)  # where bytes count, others' files are smaller
    fast = [] if ours else [min(some, key=_ms).engine for some in _by_arithmetic(dense)]
    rungs = [for_dense(one, fast) for one in ladder.rungs]
    return replace(ladder, rungs=[one for one in rungs if one.engines])


def yardstick(dense: Sequence[Timed]) -> Timed:
    """The dense net in one engine, in float32 where there is one."""
    return yardstick_of(dense, [one.engine for one in dense if _arithmetic(one) == "float32"])


def _ours_is_fastest(dense: Sequence[Timed]) -> bool:
    """Whether our C runs the dense net fastest: then what is smaller too, and no other engine need be built for it."""
    return min(dense, key=_ms).engine.startswith("native")


def _ms(one: Timed) -> float:
    return one.ms


def _by_arithmetic(dense: Sequence[Timed]) -> list[list[Timed]]:
    """Engines of other programs: ours runs what is pruned by itself."""
    theirs = [one for one in dense if not one.engine.startswith("native")]
    kinds = {_arithmetic(one) for one in theirs}
    return [[one for one in theirs if _arithmetic(one) == kind] for kind in sorted(kinds)]


def _arithmetic(one: Timed) -> str:
    return Engine.parse(one.engine).arithmetic
