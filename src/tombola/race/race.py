"""The race itself: time what is known, train the dense net, heats, finals, and one look at held-out samples."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from tombola.race.rule import (
    Difference,
    Finish,
    Timed,
    after_heats,
    best,
    difference,
    reference,
    worth_training,
    yardstick_of,
)
from tombola.race.wanted import Wanted
from tombola.study.store import Store

MORE_TIME: Final = "raise --minutes"

HEAT: Final = 3
"""A heat is one part of so many of a whole training."""


@dataclass(frozen=True)
class Raced:
    """What came out. ``front`` are the finishes on validation samples; ``held_out`` the winner's and the dense net's.

    ``left`` says of everything that could have raced to the end and did not, why.
    """

    wanted: Wanted
    steps: int
    front: Sequence[Finish]
    dense: Finish
    winner: Finish
    held_out: tuple[Finish, Finish]
    difference: Difference
    ran: Ran
    heats: Mapping[str, float] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether the winner stays within the margin on samples nobody looked at."""
        return self.difference.points >= -self.wanted.margin


def race(wanted: Wanted, folder: Path, store: Store, *, device: str, reporter: Reporter) -> Raced:
    """Who is to be shipped. Killed, the same call goes on; all but a few lines in ``folder`` lies in the store."""
    every = {one.label: one for one in entrants(of_texts=wanted.of_texts)}
    if DENSE not in every:
        raise RequestError("nothing here can run a net: pip install 'tombola[onnx]' brings ONNX Runtime")
    book = Notebook.opened(folder, wanted.identity())
    known = _known(wanted, every, book, device, reporter)
    track = Track(wanted, store, device, reporter)
    dense = _ran(track.run(every[DENSE], book.steps))
    against = reference(dense.finishes)
    track = replace(track, yardstick=_yardstick(dense.finishes))
    to_beat = best(dense.finishes, against, wanted.margin, wanted.target).engine
    (cost,) = (one.cost(wanted.target) for one in known[DENSE] if one.engine == to_beat)  # timed beside the others
    pruned = {label: times for label, times in known.items() if label != DENSE}
    labels, slower = worth_training(pruned, cost, wanted.target)
    left = {**not_installed(of_texts=wanted.of_texts), **book.impossible, **slower}
    clock = _Clock(60 * wanted.minutes, book.seconds + dense.seconds, dense.seconds)
    heats = _heats(track, [every[label] for label in labels], book.steps, clock, left)
    ran = [dense, *_finals(track, every, labels, heats, against, book.steps, clock, left)]
    front = [finish for one in ran for finish in one.finishes]
    winner = best(front, against, wanted.margin, wanted.target)
    return _confirmed(track, every, book.steps, ran, front, against, winner, heats, left, clock)


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


def _heats(
    track: Track, racing: Sequence[Entrant], steps: int, clock: _Clock, left: dict[str, str]
) -> dict[str, float]:
    """Accuracy of each after a short training, the best of its engines; with one alone there is nothing to choose."""
    if len(racing) < 2:
        return {one.label: 0.0 for one in racing}
    found: dict[str, float] = {}
    for entrant in racing:
        if not clock.allows(1 / HEAT + 1):  # a final must still fit behind it
            left[entrant.label] = f"no time was left for its heat; {MORE_TIME}"
            continue
        ran = track.run(entrant, max(1, steps // HEAT))
        clock.spent += ran.seconds
        if ran.failed or not ran.finishes:
            left[entrant.label] = ran.failed or "no engine ran it"
        else:
            found[entrant.label] = max(one.accuracy for one in ran.finishes)
    return found


def _finals(
    track: Track,
    every: Mapping[str, Entrant],
    labels: Sequence[str],
    heats: Mapping[str, float],
    against: Finish,
    steps: int,
    clock: _Clock,
    left: dict[str, str],
) -> list[Ran]:
    """Whole trainings of those that stayed, the cheapest first, until one holds the margin: others are dearer."""
    wanted, stayed = track.wanted, after_heats(heats)
    left.update(
        {
            label: f"{heats[label]:.1f} % in its heat, less than half of them had"
            for label in heats
            if label not in stayed
        }
    )
    found: list[Ran] = []
    for label in (label for label in labels if label in stayed):
        if any(best(one.finishes, against, wanted.margin, wanted.target) in one.finishes for one in found):
            left[label] = "a cheaper one held the margin already"
        elif not clock.allows(1):
            left[label] = f"no time was left for a whole training; {MORE_TIME}"
        else:
            ran = track.run(every[label], steps)
            clock.spent += ran.seconds
            if ran.failed or not ran.finishes:
                left[label] = ran.failed or "no engine ran it"
            else:
                found.append(ran)
    return found


def _confirmed(
    track: Track,
    every: Mapping[str, Entrant],
    steps: int,
    ran: Sequence[Ran],
    front: Sequence[Finish],
    against: Finish,
    winner: Finish,
    heats: Mapping[str, float],
    left: Mapping[str, str],
    clock: _Clock,
) -> Raced:
    """The winner and the dense net on the test split, once."""
    (behind,) = (one for one in ran if one.entrant.label == winner.entrant)
    alone = replace(track, yardstick=None)
    dense = _of(_ran(alone.run(every[DENSE], steps, judged="test")), against.engine)
    shipping = alone if winner.entrant == DENSE else track
    shipped = _of(_ran(shipping.run(every[winner.entrant], steps, judged="test")), winner.engine)
    return Raced(
        wanted=track.wanted,
        steps=steps,
        front=front,
        dense=against,
        winner=winner,
        held_out=(shipped, dense),
        difference=difference(shipped, dense),
        ran=behind,
        heats=heats,
        left=left,
        seconds=clock.spent,
    )


def _ran(ran: Ran) -> Ran:
    """It, unless it failed: without the dense net there is no race."""
    if ran.failed or not ran.finishes:
        raise StageError(f"{ran.entrant.label}: {ran.failed or 'no engine ran it'}")
    return ran


def _of(ran: Ran, engine: str) -> Finish:
    (found,) = (one for one in ran.finishes if one.engine == engine)
    return found
