"""What is known of entrants before they are trained: how long they take and how large they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tombola import verbs
from tombola.benching.bench import bench
from tombola.benching.turns import Plan
from tombola.engines._base import Engine, Setting, Subject
from tombola.errors import TombolaError
from tombola.fitting.seeds import generator
from tombola.fitting.session import Reporter
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.showing import shown_to
from tombola.race.entrants import Entrant, Ladder
from tombola.race.finish import Timed
from tombola.race.rule import between, steadied
from tombola.race.wanted import Wanted
from tombola.shown import Shown
from tombola.tasks._base import Task

SECONDS = 0.5
"""How long each engine is timed here; who is near to winning is timed again once trained."""


def headed(wanted: Wanted, entrant: Entrant | None = None) -> Network:
    """The pretrained net, or the one that an entrant names, with a fresh head for the task."""
    source = wanted.model if entrant is None or entrant.source is None else entrant.source
    network = source.load(seed=wanted.seed)
    return wanted.task.head(network, generator=generator(wanted.seed, "head")).eval()


def shown_of(network: Network, task: Task) -> Shown:
    """What the net is shown: the task's images at their size, its texts at their length."""
    return shown_to(network, side=task.side, length=task.length)


def setting_of(network: Network, wanted: Wanted) -> Setting:
    """How engines run the net: on what it is shown, as many samples at once and threads as are wanted."""
    return Setting(shown_of(network, wanted.task), wanted.batch, wanted.threads)


@dataclass(frozen=True)
class Beside:
    """The dense net in one engine as it was timed, and the folder in which that engine finds it."""

    timed: Timed
    folder: Path


def prepared(network: Network, yardstick: Timed, wanted: Wanted, folder: Path) -> Beside:
    """The dense net made ready for the yardstick's engine in a folder, which is made."""
    folder.mkdir()
    Engine.parse(yardstick.engine).prepare(Subject(network, Masks({}), setting_of(network, wanted)), folder)
    return Beside(yardstick, folder)


def timed(
    network: Network, entrant: Entrant, wanted: Wanted, reporter: Reporter, beside: Beside | None
) -> tuple[Sequence[Timed], str]:
    """Its engines' times and sizes with untrained weights; or nothing, and why it cannot be had of this net.

    What stands beside runs in turns with them: see `steadied`.
    """
    engines = [*entrant.engines, *([] if beside is None else [beside.timed.engine])]
    try:
        drawn = verbs.draw(network, {**entrant.draw}, seed=wanted.seed)
        found = bench(
            network,
            drawn.masks,
            [Engine.parse(name) for name in engines],
            setting_of(network, wanted),
            plan=Plan(seconds=SECONDS, warmup=2),
            prepared={} if beside is None else {beside.timed.engine: beside.folder},
            reporter=reporter,
        )
    except TombolaError as error:
        return (), str(error)
    times = [Timed(one.engine, 1e3 * one.times.p50, one.bytes) for one in found.engines]
    steady = steadied(times, None if beside is None else beside.timed)
    return steady, "" if steady else "; ".join(found.left_out.values())


def to_time(ladder: Ladder) -> Sequence[Entrant]:
    """The rungs in the order in which they are timed: of an even ladder the last one first, then from the first on.

    There two that were timed tell of all between, so whoever times them stops at the first that can be had.
    """
    return [*ladder.rungs[-1:], *ladder.rungs[:-1]] if ladder.even else ladder.rungs


def filled(ladder: Ladder, known: Mapping[str, Sequence[Timed]]) -> dict[str, Sequence[Timed]]:
    """Times of its rungs by their labels; between the first that was timed and the last as what is left of them says.

    Nothing is told of rungs before the first that was timed: none of them can be had, or is worth it.
    """
    there = [one for one in ladder.rungs if one.label in known]
    if not ladder.even or len(there) < 2 or there[-1] is not ladder.rungs[-1]:
        return {one.label: known[one.label] for one in there}
    first, last = there[0], there[-1]
    way = last.sparsity - first.sparsity
    return {
        one.label: between(known[first.label], known[last.label], (one.sparsity - first.sparsity) / way)
        for one in ladder.rungs[ladder.rungs.index(first) :]
    }
