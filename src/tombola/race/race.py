"""The race itself: look before training, train the dense net, climb the ladders, and one look at held-out samples."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tombola.errors import RequestError
from tombola.fitting.session import Reporter
from tombola.models.source import Source
from tombola.race.attacked import under_attack
from tombola.race.budget import LEAST, Budget
from tombola.race.decided import decided
from tombola.race.entrants import DENSE, Entrant, Ladder, dense, ladders, not_installed
from tombola.race.family import smaller_nets
from tombola.race.finals import INLINE, Ran, Runs, Track
from tombola.race.finish import Finish, Timed, same
from tombola.race.heats import LATE, Heats, sound
from tombola.race.looking import Looking, yardstick
from tombola.race.notebook import Notebook
from tombola.race.pace import an_epoch, asked_steps, to_learn
from tombola.race.paired import difference
from tombola.race.planned import closing, dense_steps, planned, samples_judged
from tombola.race.raced import Raced
from tombola.race.rule import best, holds, reference, worth_training
from tombola.race.wanted import Wanted
from tombola.study.runners._base import Runner, torch_threads
from tombola.study.store import Store

LONGEST: Final = 5
"""Epochs of a stretch, at most: what holds by then holds, and what does not goes on from there."""


def race(
    wanted: Wanted, folder: Path, store: Store, *, device: str, reporter: Reporter, runner: Runs = INLINE
) -> Raced:
    """Who is to be shipped. Killed, the same call goes on; all but a few lines in ``folder`` lies in the store.

    Nets are trained by ``runner``, and timed in this process.
    """
    first = dense()
    if not first.engines:
        raise RequestError("nothing here can run a net: pip install 'tombola[onnx]' brings ONNX Runtime")
    book = Notebook.opened(folder, wanted.identity())
    # stages train with one thread; the pace of more, which wait for each other on a busy machine, would not be theirs
    with torch_threads(1), Runner.parse(runner).held(), TemporaryDirectory(prefix="tombola-race-") as scratch:
        looking = Looking(wanted, book, device, reporter, scratch)
        return _raced(first, looking, Track(wanted, store, device, reporter, runner=runner))


def _raced(first: Entrant, looking: Looking, track: Track) -> Raced:
    looking.at_dense(first)
    track = replace(track, samples=samples_judged(track.wanted, looking.book))
    net, budget = _dense_net(first, looking, track)
    left = {**not_installed()}
    worth = _worth_climbing(looking, net, budget, left)
    heats = _heats(looking.book, track, net, budget)
    heats.run(worth, looking.book.known, left)
    return _ended(heats, net, worth, left)


def _dense_net(first: Entrant, looking: Looking, track: Track) -> tuple[Ran, Budget]:
    """It, trained and judged, and the minutes planned with what that took."""
    wanted, book = track.wanted, looking.book
    budget = planned(wanted, book)
    _plan_steps(first, looking, budget)
    net = sound(track.run(first, book.steps))
    against = reference(net.finishes)
    without_a_race = best(net.finishes, against, wanted.margin, wanted.target)
    ends = closing(wanted, book, [against.ms, without_a_race.ms, without_a_race.ms], budget.by(net.judging))
    return net, budget.with_dense(step=net.training / book.steps, judged=net.judging, closing=ends)


def _plan_steps(first: Entrant, looking: Looking, budget: Budget) -> None:
    """Write down how long the dense net is trained; raises `RequestError` for what cannot be had in the minutes."""
    wanted, book = looking.wanted, looking.book
    try:
        _require_one_within(looking, first, book.known[first.label])
        book.steps = book.steps or dense_steps(wanted, budget, book.seconds, len(ladders_of(wanted)))
    except RequestError:
        book.forget()  # the same folder, with more minutes or wider limits, is another request
        raise
    book.keep()


def _heats(book: Notebook, track: Track, net: Ran, budget: Budget) -> Heats:
    """About to begin, beside the dense net and taught by it, with a part of what is left kept for the winner."""
    begun = replace(track, teacher=track.net(net), yardstick=yardstick(net.finishes))
    longest = asked_steps(track.wanted) or LONGEST * an_epoch(track.wanted)
    spent = book.seconds + net.seconds
    kept = budget.keeping(spent, to_learn(track.wanted, book.steps))
    return Heats(begun, kept, reference(net.finishes), spent, longest, book.steps)


def _ended(heats: Heats, net: Ran, worth: Sequence[Ladder], left: Mapping[str, str]) -> Raced:
    """Who won, and what held-out samples say of that."""
    end = decided(heats, dict.fromkeys(net.finishes, net) | dict(heats.finished(worth)))
    held_out = heats.held_out([end.winner, end.against, end.rival], end.shipped)
    return Raced(
        wanted=heats.track.wanted,
        steps=heats.learned,
        stretch=heats.steps,
        end=end,
        held_out=held_out,
        difference=difference(held_out[0], same(end.against, held_out)),
        net=heats.track.net(net),
        left=left,
        untried=heats.untried,
        seconds=heats.spent,
        attacked=_attacked(heats.track, dict.fromkeys([end.winner.entrant, end.against.entrant]), end.shipped),
    )


def _attacked(track: Track, names: Iterable[str], ran: Mapping[Finish, Ran]) -> dict[str, tuple[float, int]]:
    """What these keep under attack; nothing where nobody asked."""
    if track.wanted.robust is None:
        return {}
    by_name = {finish.entrant: one for finish, one in ran.items()}
    nets = {name: Source.parse({"name": f"path:{track.net(by_name[name])}"}).load() for name in names}
    return {name: under_attack(net, track.wanted, track.device) for name, net in nets.items()}


def _require_one_within(looking: Looking, first: Entrant, known: Sequence[Timed]) -> None:
    """Raise `RequestError` where limits are set that nobody who could race keeps to, before anything is trained."""
    wanted, book = looking.wanted, looking.book
    if not wanted.limits or any(map(wanted.limits.allow, known)):
        return
    for one in (*ladders_of(wanted), smaller_nets(wanted, first.engines)[0]):
        looking.at_ladder(one, known, inf)
    wanted.limits.require(book.known)


def _to_beat(finishes: Sequence[Finish], known: Sequence[Timed], wanted: Wanted) -> float:
    """The cost of what a user has without a race; whatever costs less is worth it where that is over the limits."""
    against = reference(finishes)
    held = [one for one in finishes if wanted.limits.allow(one) and holds(one, against, wanted.margin)]
    there = min(held, key=lambda one: one.cost(wanted.target), default=None)
    if there is None:
        return inf
    (cost,) = (one.cost(wanted.target) for one in known if one.engine == there.engine)  # timed as the others are
    return cost


def _worth_climbing(looking: Looking, net: Ran, budget: Budget, left: dict[str, str]) -> list[Ladder]:
    """Ladders with those of their rungs that could win, each looked at while there is time; why not, in ``left``."""
    wanted, book, found = looking.wanted, looking.book, list[Ladder]()
    to_beat = _to_beat(net.finishes, book.known[DENSE], wanted)
    family, away = smaller_nets(wanted, net.entrant.engines)
    left |= away
    for one in (*ladders_of(wanted), family):
        if looking.saw(one) or budget.allows(LEAST, book.seconds + net.seconds + budget.looking):
            found.append(looking.at_ladder(one, book.known[DENSE], to_beat))
            left |= looking.unlooked(one, to_beat)
        else:
            left |= {rung.label: LATE for rung in one.rungs}
    left |= book.impossible
    return _worth(found, book.known, to_beat, wanted, left)


def ladders_of(wanted: Wanted) -> list[Ladder]:
    """Who may race for what is wanted."""
    return ladders(of_texts=wanted.of_texts, by_size=wanted.target != "latency")


def _worth(
    found: Sequence[Ladder], known: Mapping[str, Sequence[Timed]], to_beat: float, wanted: Wanted, left: dict[str, str]
) -> list[Ladder]:
    """The ladders with those of their rungs that cost less than what is there already; why not others, in ``left``."""
    every = {rung.label: known[rung.label] for ladder in found for rung in ladder.rungs}
    allowed = {label: [one for one in some if wanted.limits.allow(one)] for label, some in every.items()}
    left |= {label: f"more than {wanted.limits}" for label, some in allowed.items() if not some}
    labels, slower = worth_training({label: some for label, some in allowed.items() if some}, to_beat, wanted.target)
    left |= slower
    narrowed = [replace(one, rungs=[rung for rung in one.rungs if rung.label in labels]) for one in found]
    return [one for one in narrowed if one.rungs]
