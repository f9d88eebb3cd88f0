"""The race itself: time what is known, train the dense net, heats, finals, and one look at held-out samples."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tombola.engines._base import Engine
from tombola.errors import RequestError, StageError
from tombola.fitting.session import Reporter
from tombola.race.entrants import DENSE, Entrant, entrants, not_installed
from tombola.race.finals import Ran, Track
from tombola.race.known import headed, timed
from tombola.race.notebook import Notebook
from tombola.race.pace import steps_within
from tombola.race.raced import Raced
from tombola.race.rule import (
    Finish,
    Timed,
    after_heats,
    best,
    difference,
    holds,
    reference,
    worth_training,
    yardstick_of,
)
from tombola.race.wanted import Wanted
from tombola.study.stage import MODEL
from tombola.study.store import Store

HEAT: Final = 3
"""A heat is one part of so many of a whole training."""


def race(wanted: Wanted, folder: Path, store: Store, *, device: str, reporter: Reporter) -> Raced:
    """Who is to be shipped. Killed, the same call goes on; all but a few lines in ``folder`` lies in the store."""
    every = {one.label: one for one in entrants(of_texts=wanted.of_texts)}
    if DENSE not in every:
        raise RequestError("nothing here can run a net: pip install 'tombola[onnx]' brings ONNX Runtime")
    book = Notebook.opened(folder, wanted.identity())
    known = _known(wanted, every, book, device, reporter)
    track = Track(wanted, store, device, reporter)
    dense = _sound(track.run(every[DENSE], book.steps))
    net = store.folder(dense.finished.key) / MODEL
    against = reference(dense.finishes)
    to_beat = best(dense.finishes, against, wanted.margin, wanted.target).engine
    (cost,) = (one.cost(wanted.target) for one in known[DENSE] if one.engine == to_beat)  # timed beside the others
    pruned = {label: times for label, times in known.items() if label != DENSE}
    labels, slower = worth_training(pruned, cost, wanted.target)
    left = {**not_installed(of_texts=wanted.of_texts), **book.impossible, **slower}
    clock = _Clock(60 * wanted.minutes, book.seconds + dense.seconds, dense.seconds)
    racing = _Racing(
        replace(track, dense=net, yardstick=_yardstick(dense.finishes)), every, book.steps, against, clock, left
    )
    heats = racing.heats(labels)
    ran = {one.entrant.label: one for one in (dense, *racing.finals(labels, heats))}
    front = [finish for one in ran.values() for finish in one.finishes]
    winner = best(front, against, wanted.margin, wanted.target)
    held_out = (racing.held_out(winner), racing.held_out(against))
    return Raced(
        wanted=wanted,
        steps=book.steps,
        front=front,
        dense=against,
        winner=winner,
        held_out=held_out,
        difference=difference(*held_out),
        ran=ran[winner.entrant],
        net=net,
        heats=heats,
        left=left,
        untried=racing.untried,
        seconds=clock.spent,
    )


class _Clock:
    """Seconds of the budget that are spent; what was made in an earlier run of the same race counts as it did then."""

    def __init__(self, budget: float, spent: float, full: float) -> None:
        self.budget, self.spent = budget, spent
        self.full = full  # what one whole training took: the dense net's

    def allows(self, trainings: float) -> bool:
        """Whether so many trainings as long as the dense net's still fit."""
        return self.spent + trainings * self.full <= self.budget


def _known(
    wanted: Wanted, every: Mapping[str, Entrant], book: Notebook, device: str, reporter: Reporter
) -> Mapping[str, Sequence[Timed]]:
    """Times and sizes of all entrants, and the pace, from the notebook or found now."""
    network, begun = headed(wanted), time.monotonic()
    if not book.steps:
        reporter.note("how fast this machine trains it")
        book.steps = steps_within(network, wanted, device=device)
        book.keep()
    for label, entrant in every.items():
        if label not in book.known and label not in book.impossible:
            reporter.note(f"how fast and how large: {label}")
            yardstick = None if label == DENSE else _yardstick(book.known[DENSE])
            times, why = timed(network, entrant, wanted, reporter, yardstick)
            if times:
                book.known[label] = times
            else:
                book.impossible[label] = why
            book.seconds, begun = book.seconds + time.monotonic() - begun, time.monotonic()
            book.keep()
        if DENSE in book.impossible:
            raise RequestError(f"the dense net runs in no engine here: {book.impossible[DENSE]}")
    return book.known


def _yardstick(dense: Sequence[Timed]) -> Timed:
    return yardstick_of(dense, [one.engine for one in dense if Engine.parse(one.engine).arithmetic == "float32"])


class _Racing:
    """Heats and finals under way; notes in ``left`` who fell out and why, in ``untried`` whom there was no time for."""

    def __init__(
        self,
        track: Track,
        every: Mapping[str, Entrant],
        steps: int,
        against: Finish,
        clock: _Clock,
        left: dict[str, str],
    ) -> None:
        self._track, self._every, self._steps, self._against = track, every, steps, against
        self._clock, self._left = clock, left
        self.untried: list[str] = []

    def heats(self, labels: Sequence[str]) -> dict[str, float]:
        """Accuracy of each after a short training, the best of its engines; with one alone there is no choice."""
        if len(labels) < 2:
            return dict.fromkeys(labels, 0.0)
        steps, found = max(1, self._steps // HEAT), {}
        for label in labels:
            if ran := self._tried(label, steps, 1 / HEAT + 1, "its heat"):  # a final must still fit behind it
                found[label] = max(one.accuracy for one in ran.finishes)
        return found

    def finals(self, labels: Sequence[str], heats: Mapping[str, float]) -> list[Ran]:
        """Whole trainings of those that stay, the cheapest first, until one holds the margin: others are dearer."""
        stayed, found = after_heats(heats), list[Ran]()
        for label in labels:
            if label in heats and label not in stayed:
                self._left[label] = f"{heats[label]:.1f} % in its heat, less than half of them had"
            elif label in stayed and any(map(self._holds, found)):
                self._left[label] = "a cheaper one held the margin already"
            elif label in stayed and (ran := self._tried(label, self._steps, 1, "a whole training")):
                found.append(ran)
        return found

    def held_out(self, one: Finish) -> Finish:
        """The same on the test split, its net trained as it was; the dense net needs no other beside it."""
        track = replace(self._track, yardstick=None) if one.entrant == DENSE else self._track
        ran = _sound(track.run(self._every[one.entrant], self._steps, judged="test"))
        (found,) = (finish for finish in ran.finishes if finish.engine == one.engine)
        return found

    def _tried(self, label: str, steps: int, trainings: float, what: str) -> Ran | None:
        if not self._clock.allows(trainings):
            self._left[label] = f"no time was left for {what}; raise --minutes"
            self.untried.append(label)
            return None
        ran = self._track.run(self._every[label], steps)
        self._clock.spent += ran.seconds
        if ran.problem:
            self._left[label] = ran.problem
        return None if ran.problem else ran

    def _holds(self, ran: Ran) -> bool:
        return any(holds(one, self._against, self._track.wanted.margin) for one in ran.finishes)


def _sound(ran: Ran) -> Ran:
    """It, unless it failed: there is no race without the dense net, and nothing to ship without the winner."""
    if ran.problem:
        raise StageError(f"{ran.entrant.label}: {ran.problem}")
    return ran
