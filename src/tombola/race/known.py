"""What is known of entrants before they are trained: how long they take and how large they are."""

from collections.abc import Sequence

from tombola import verbs
from tombola.benching.bench import bench
from tombola.benching.turns import Plan
from tombola.engines._base import Engine, Setting
from tombola.errors import TombolaError
from tombola.fitting.seeds import generator
from tombola.fitting.session import Reporter
from tombola.models.network import Network
from tombola.models.showing import shown_to
from tombola.race.entrants import Entrant
from tombola.race.rule import Timed, steadied
from tombola.race.wanted import Wanted
from tombola.shown import Shown
from tombola.tasks._base import Task

SECONDS = 0.5
"""How long each engine is timed here; who is near to winning is timed again once trained."""


def headed(wanted: Wanted) -> Network:
    """The pretrained net with a fresh head for the task."""
    network = wanted.model.load(seed=wanted.seed)
    return wanted.task.head(network, generator=generator(wanted.seed, "head")).eval()


def shown_of(network: Network, task: Task) -> Shown:
    """What the net is shown: the task's images at their size, its texts at their length."""
    return shown_to(network, side=task.side, length=task.length)


def timed(
    network: Network, entrant: Entrant, wanted: Wanted, reporter: Reporter, yardstick: Timed | None
) -> tuple[Sequence[Timed], str]:
    """Its engines' times and sizes with untrained weights; or nothing, and why it cannot be had of this net.

    The yardstick is the dense net in one engine, which runs in turns with them: see `steadied`.
    """
    engines = [*entrant.engines, *([] if yardstick is None else [yardstick.engine])]
    try:
        drawn = verbs.draw(network, {**entrant.draw}, seed=wanted.seed)[-1]
        found = bench(
            network,
            drawn.masks,
            [Engine.parse(name) for name in engines],
            Setting(shown_of(network, wanted.task), wanted.batch, wanted.threads),
            plan=Plan(seconds=SECONDS, warmup=2),
            reporter=reporter,
        )
    except TombolaError as error:
        return (), str(error)
    times = [Timed(one.engine, 1e3 * one.times.p50, one.bytes) for one in found.engines]
    return steadied(times, yardstick), ""
