"""`foretold`: milliseconds that a rung should take in our C by the model of costs, before anything is built."""

from typing import Final

from tombola import verbs
from tombola.engines._base import Engine
from tombola.errors import TombolaError
from tombola.models.network import Network
from tombola.native.calibration import found as calibrated
from tombola.native.expected import expected
from tombola.race.entrants import Entrant
from tombola.race.known import shown_of
from tombola.race.wanted import Wanted
from tombola.schemes.latency.native_time import Arithmetic, NativeTime

FAR: Final = 2.0
"""How many times as slow as what is there it must be foretold to be: the model is no clock, and machines are busy."""
_OURS: Final[dict[str, Arithmetic]] = {"native": "float32", "native:int8": "int8"}


def foretold(network: Network, entrant: Entrant, wanted: Wanted) -> float | None:
    """The shortest of its engines'; None where they are not all ours, or this machine was never calibrated."""
    ways = [_OURS.get(Engine.parse(name).label) for name in entrant.engines]
    if wanted.of_texts or entrant.source is not None or None in ways or calibrated(wanted.threads) is None:
        return None
    size = shown_of(network, wanted.task).shape
    try:
        masks = verbs.draw(network, {**entrant.draw}, seed=wanted.seed).masks
        programs = [
            NativeTime(network, (size[0], size[1], size[2]), wanted.threads, way).program(masks) for way in ways if way
        ]
    except TombolaError:
        return None  # who looks at it says why it cannot be had
    return min(1e3 * wanted.batch * sum(expected(step, wanted.threads) for step in one.steps) for one in programs)


def ruled_out(ms: float | None, to_beat: float, wanted: Wanted) -> str:
    """Why there is no need to build it; empty where there is."""
    if ms is None or wanted.target != "latency" or ms < FAR * to_beat:
        return ""
    return f"the model of costs foretells {ms:,.4g} ms, and a dense net takes {to_beat:,.4g}"
