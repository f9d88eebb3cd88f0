"""Who races: the dense net, and tickets that some engine turns into time or bytes. Several engines may run each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tombola.engines._base import Engine

DENSE: Final = "dense"
_DENSE_ENGINES: Final = ("onnxruntime", "onnxruntime:int8", "openvino", "openvino:int8")
_SHRUNK_ENGINES: Final = tuple(f"shrunk:{name}" for name in _DENSE_ENGINES)


@dataclass(frozen=True)
class Entrant:
    """A way to draw a ticket, and the engines that may win by it."""

    label: str
    draw: Mapping[str, Any]
    engines: Sequence[str]


def entrants(*, of_texts: bool) -> list[Entrant]:
    """The dense net first. Engines that are not installed are left out, and an entrant without any."""
    of_kind = _of_texts() if of_texts else _of_images()
    nothing = {"name": "omp", "sparsity": 0.0, "prunable": "open_lth"}  # every net has weights of one of its kinds
    every = [Entrant(DENSE, nothing, _DENSE_ENGINES), *of_kind]
    found = [Entrant(one.label, one.draw, [name for name in one.engines if not missing(name)]) for one in every]
    return [one for one in found if one.engines]


def missing(engine: str) -> str:
    """Empty where the engine can run here; else what to type."""
    return Engine.parse(engine).missing()


def not_installed(*, of_texts: bool) -> dict[str, str]:
    """Engines that would race if they were here, and what to type to have them."""
    names = [*_DENSE_ENGINES, *(() if of_texts else ("native",))]
    return {name: why for name in names if (why := missing(name))}


def _of_images() -> Iterator[Entrant]:
    for sparsity in (0.8, 0.9, 0.95):
        draw = {"name": "omp", "sparsity": sparsity, "pattern": "stripe:4", "budget": "uniform"}
        yield Entrant(f"stripe:4, {sparsity:.0%} pruned, in C", draw, ("native",))
    for sparsity in (0.8, 0.9, 0.95):
        draw = {"name": "omp", "sparsity": sparsity, "pattern": "block:1x4", "budget": "uniform", "prunable": "cv_lth"}
        yield Entrant(f"block:1x4, {sparsity:.0%} pruned, in C in int8", draw, ("native:int8",))
    for sparsity in (0.3, 0.5, 0.7):
        draw = {"name": "coupled", "sparsity": sparsity, "budget": "uniform"}
        yield Entrant(f"{sparsity:.0%} of the channels gone", draw, _SHRUNK_ENGINES)


def _of_texts() -> Iterator[Entrant]:
    for sparsity in (0.25, 0.5):
        heads = {"name": "omp", "sparsity": sparsity, "pattern": "head", "prunable": "attention"}
        yield Entrant(f"{sparsity:.0%} of the heads gone", heads, _SHRUNK_ENGINES)
    for sparsity in (0.25, 0.5, 0.75):
        units = {"name": "omp", "sparsity": sparsity, "pattern": "channel", "budget": "uniform"}
        yield Entrant(f"{sparsity:.0%} of the units gone", {**units, "prunable": "re:intermediate"}, _SHRUNK_ENGINES)
