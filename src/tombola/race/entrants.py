"""Who races: the dense net, and ladders of tickets that some engine turns into time or bytes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tombola.engines._base import Engine
from tombola.models.source import Source
from tombola.native.targets import tiles

DENSE: Final = "dense"
NOTHING: Final[Mapping[str, Any]] = {"name": "omp", "sparsity": 0.0, "prunable": "open_lth"}
"""A draw that prunes nothing; every net has weights of one of its kinds."""
_DENSE_ENGINES: Final = ("onnxruntime", "onnxruntime:int8", "openvino", "openvino:int8")
_OURS: Final = "native:int8"
_SHRUNK: Final = "shrunk:"
_WITHOUT_CHANNELS: Final = (*(f"{_SHRUNK}{name}" for name in _DENSE_ENGINES), _OURS)
"""What runs a smaller dense net: our C takes out by itself what computes nothing."""


@dataclass(frozen=True)
class Entrant:
    """A way to draw a ticket, and the engines that may win by it; of another pretrained net where it names one."""

    label: str
    draw: Mapping[str, Any]
    engines: Sequence[str]
    source: Source | None = None

    @property
    def sparsity(self) -> float:
        """The part of the prunable weights that is gone."""
        return float(self.draw["sparsity"])


@dataclass(frozen=True)
class Ladder:
    """Entrants of one kind, each with less left than the one before: where one of them holds, the next may too.

    ``even``: what is left decides what they cost, so that two of them timed tell of those between.
    """

    label: str
    rungs: Sequence[Entrant]
    even: bool = True


def dense() -> Entrant:
    """The net that everything is held against, in every engine that is installed."""
    return Entrant(DENSE, NOTHING, [name for name in (*_DENSE_ENGINES, _OURS) if not missing(name)])


def ladders(*, of_texts: bool, by_size: bool) -> list[Ladder]:
    """Those that some engine here can run; element tickets only where bytes count, as they save little time."""
    every = _of_texts() if of_texts else [*_of_images(), *(_by_size() if by_size else ())]
    return [one for one in map(_installed, every) if one.rungs]


def not_installed() -> dict[str, str]:
    """Engines that would race if they were here, and what to type to have them."""
    return {name: why for name in (*_DENSE_ENGINES, "native") if (why := missing(name))}


def missing(engine: str) -> str:
    """Empty where the engine can run here; else what to type."""
    return Engine.parse(engine).missing()


def for_dense(entrant: Entrant, dense_engines: Sequence[str]) -> Entrant:
    """The entrant in those of its engines that are worth it: what runs smaller layers best runs the dense net best."""
    engines = [
        name
        for name in entrant.engines
        if not name.startswith(_SHRUNK) or Engine.parse(name[len(_SHRUNK) :]).label in dense_engines
    ]
    return replace(entrant, engines=engines)


def _installed(ladder: Ladder) -> Ladder:
    found = [replace(one, engines=[name for name in one.engines if not missing(name)]) for one in ladder.rungs]
    return replace(ladder, rungs=[one for one in found if one.engines])


def _of_images() -> Iterator[Ladder]:
    yield from _in_c({"budget": "uniform", "prunable": "cv_lth"}, {"budget": "uniform"})
    # at equal time more accurate than uniform on a ResNet-18 at 64 px, slower at equal sparsity on an EfficientNet
    by_erk = {"pattern": "block:1x4", "budget": "erk", "prunable": "cv_lth"}
    yield _pruned("block:1x4 by erk, {} pruned, in C in int8", by_erk, (0.7, 0.8, 0.9, 0.95), _OURS)
    if tiles("native"):  # dense int8 multiplies squares there, so only blocks as large as they are leave it behind
        squares = {"pattern": "block:16x4", "budget": "uniform", "prunable": "cv_lth"}
        yield _pruned("block:16x4, {} pruned, in C in int8", squares, (0.5, 0.7, 0.8, 0.9), _OURS)
    # a residual stream's channels cost twice the accuracy at the same speed (docs/explanation/speed-for-accuracy.md)
    inside = {"budget": "uniform", "sums": False}
    label = "{} of the channels inside blocks gone"
    yield _pruned(label, inside, (0.3, 0.5, 0.7), *_WITHOUT_CHANNELS, name="coupled")


def _by_size() -> Iterator[Ladder]:
    yield _pruned("single weights, {} pruned, in C", {"pattern": "element"}, (0.8, 0.9, 0.95, 0.98), "native")


def _in_c(blocks: Mapping[str, Any], stripes: Mapping[str, Any]) -> Iterator[Ladder]:
    """What our C skips, by what is pruned and how much of each layer."""
    some = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
    yield _pruned("block:1x4, {} pruned, in C in int8", {"pattern": "block:1x4", **blocks}, some, _OURS)
    yield _pruned("stripe:4, {} pruned, in C", {"pattern": "stripe:4", **stripes}, some[1:], "native")


def _of_texts() -> Iterator[Ladder]:
    layers = {"budget": "uniform", "prunable": "bert"}
    yield from _in_c(layers, layers)
    heads = {"pattern": "head", "prunable": "attention"}
    yield _pruned("{} of the heads gone", heads, (0.25, 0.5, 0.75), *_WITHOUT_CHANNELS)
    units = {"pattern": "channel", "budget": "uniform", "prunable": "re:intermediate"}
    yield _pruned("{} of the units gone", units, (0.25, 0.5, 0.75, 0.9), *_WITHOUT_CHANNELS)


def _pruned(
    label: str, how: Mapping[str, Any], sparsities: Sequence[float], *engines: str, name: str = "omp"
) -> Ladder:
    """``label`` has a place for the sparsity."""
    rungs = [
        Entrant(label.format(f"{sparsity:.0%}"), {"name": name, "sparsity": sparsity, **how}, engines)
        for sparsity in sparsities
    ]
    return Ladder(label.format("").replace(", pruned", "").replace("  ", " ").strip(), rungs)
