"""`ranges`: how each map of a graph is rounded, from what its values are on images.

The range of a map is the largest one met, or a narrower one that cuts off what is rare: by a percentile, or where the
mean squared error of rounding is least. Zero is always in it, and always a whole step.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, TypeAlias

import torch
from torch import Tensor

from tombola.errors import ModelError, RequestError
from tombola.graphs.cells import MOST, Rounding
from tombola.graphs.graph import Graph
from tombola.graphs.interpret import values
from tombola.graphs.lengths import at_length
from tombola.graphs.tokens import TokenIds

Clip: TypeAlias = Literal["largest", "percentile", "mse"]
PERCENTILE: Final = 0.9999
LOOKED_AT: Final = 2048
"""Values of an image's map that are looked at, evenly apart; the largest and the smallest are of all."""
SHARES: Final = tuple(1 - number / 40 for number in range(24))
"""Parts of the range that are tried for the least error."""
TINY: Final = 1e-30


@torch.no_grad()
def ranges(graph: Graph, images: Iterable[Tensor], clip: Clip) -> dict[str, Rounding]:
    """A rounding for the output of every node, from batches of images (N, C, H, W), or of texts of one length each."""
    ends: dict[str, tuple[float, float]] = {}
    looked: dict[str, list[Tensor]] = {}
    for name, found in _met(graph, images):
        low, high = float(found.min()), float(found.max())
        if not torch.isfinite(torch.tensor([low, high])).all():
            raise ModelError(f"{name!r} gives numbers that are not finite on the images to calibrate on")
        before = ends.get(name, (0.0, 0.0))
        ends[name] = min(low, before[0]), max(high, before[1])
        looked.setdefault(name, []).append(_some(found))
    if not ends:
        raise RequestError("there is nothing to calibrate int8 on; give a task, or a folder of pictures")
    if not isinstance(graph.input.op, TokenIds):
        _check_differ(looked[graph.input.name])
    return {name: rounding(*_clipped(torch.cat(looked[name]), *both, clip)) for name, both in ends.items()}


def rounding(low: float, high: float) -> Rounding:
    """256 steps from ``low`` to ``high`` and to zero; the whole range falls into them."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < TINY:
        return Rounding(1.0, 0)
    if high < (high - low) / MOST:
        return Rounding(float(torch.tensor(-low / (MOST - 1))), MOST - 1)
    scale = (high - low) / MOST
    zero = round(-low / scale)
    needed = max(high / (MOST - zero), -low / zero if zero else 0.0)
    return Rounding(float(torch.tensor(needed)), zero)


def _met(graph: Graph, images: Iterable[Tensor]) -> Iterator[tuple[str, Tensor]]:
    texts = isinstance(graph.input.op, TokenIds)
    for batch in images:
        if len(batch):
            yield from values(at_length(graph, batch.shape[-1]) if texts else graph, batch).items()


def _some(found: Tensor) -> Tensor:
    flat = found.flatten(1)
    return flat[:, :: max(1, flat.shape[1] // LOOKED_AT)].flatten()


def _check_differ(looked: list[Tensor]) -> None:
    pixels = torch.cat(looked)
    if float(pixels.min()) == float(pixels.max()):
        raise RequestError(
            "the images to calibrate on are all of one colour, which tells no range; give pictures like those to come"
        )


def _clipped(looked: Tensor, low: float, high: float, clip: Clip) -> tuple[float, float]:
    if clip == "percentile":
        ordered = looked.sort().values
        cut = int((1 - PERCENTILE) * len(ordered))
        return max(low, min(float(ordered[cut]), 0.0)), min(high, max(float(ordered[-1 - cut]), 0.0))
    if clip == "mse":
        errors: Mapping[float, float] = {share: _error(looked, share * low, share * high) for share in SHARES}
        best = min(SHARES, key=lambda share: errors[share])
        return best * low, best * high
    return low, high


def _error(looked: Tensor, low: float, high: float) -> float:
    how = rounding(low, high)
    steps = (looked / how.scale).round().clamp(how.least, how.largest)
    return float((steps * how.scale - looked).double().square().mean())
