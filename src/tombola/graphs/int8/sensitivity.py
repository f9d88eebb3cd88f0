"""`sensitivity`: which layers stay in float32, because their rounding changes the logits more than is allowed.

The noise of a graph is the mean squared difference of its logits to those in float32, as a part of what tells images
apart: the logits' variance from image to image. The rule: while the whole has more noise than is allowed, the layer
stays in float32 that has most of it alone, and the whole is measured again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import torch
from torch import Tensor

from tombola.graphs.cells import CellLinear, CellSums
from tombola.graphs.graph import Graph, Node
from tombola.graphs.int8.rounding import AT_ONCE, Calibrated
from tombola.graphs.interpret import output_of, values
from tombola.graphs.ops import Conv, Linear
from tombola.spec import Json

IMAGES: Final = 32
"""Calibration images that are looked at, evenly apart: noise is a mean over all their logits."""


@dataclass(frozen=True)
class Sensitivity:
    """``noise`` with all layers in int8, ``left`` with ``layers`` in float32: each with its own, the noisiest first."""

    most: float
    noise: float
    left: float
    layers: Mapping[str, float]

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `plain`."""
        return cls(plain["most"], plain["noise"], plain["left"], plain["in_float32"])

    def text(self) -> str:
        """One sentence."""
        said = f"rounding to int8 moves the logits by {_part(self.noise)} of what tells images apart"
        if not self.layers:
            return f"{said}, no more than {_part(self.most)}: no layer has to stay in float32"
        names = ", ".join(f"{name} ({_part(own)} alone)" for name, own in self.layers.items())
        return f"{said}, more than {_part(self.most)}; in float32 stay {names}, which leaves {_part(self.left)}"

    def plain(self) -> dict[str, Json]:
        """For a file."""
        return {"most": self.most, "noise": self.noise, "left": self.left, "in_float32": {**self.layers}}


@torch.no_grad()
def sensitivity(given: Calibrated, images: Tensor, most: float, in_float32: Collection[str] = ()) -> Sensitivity:
    """By images that the graph was calibrated on; layers ``in_float32`` stay there whatever they do."""
    looked = images[:: max(1, len(images) // IMAGES)][:IMAGES]
    whole = given.in_cells(in_float32)
    (noise,) = _noises(given.graph, [whole], looked)
    if noise <= most:
        return Sensitivity(most, noise, noise, {})
    layers = [node.name for node in given.graph if isinstance(node.op, Conv | Linear)]
    rounded = [name for name in layers if _is_rounded(whole, name)]
    alone = [given.in_cells([other for other in layers if other != name]) for name in rounded]
    own = dict(zip(rounded, _noises(given.graph, alone, looked), strict=True))
    stay: dict[str, float] = {}
    left = noise
    for name in sorted(own, key=lambda name: -own[name]):
        stay[name] = own[name]
        (left,) = _noises(given.graph, [given.in_cells([*in_float32, *stay])], looked)
        if left <= most:
            break
    return Sensitivity(most, noise, left, stay)


def _is_rounded(graph: Graph, name: str) -> bool:
    """A linear layer with an activation is two nodes, the product being the first."""
    return any(node.name in (name, f"{name}.product") and isinstance(node.op, CellSums | CellLinear) for node in graph)


def _noises(plain: Graph, graphs: Sequence[Graph], images: Tensor) -> list[float]:
    """Of each graph."""
    wanted: list[Tensor] = []
    errors = [0.0 for _ in graphs]
    for batch in torch.split(images, AT_ONCE):
        known = values(plain, batch)
        wanted.append(known[plain.output])
        for number, graph in enumerate(graphs):
            errors[number] += float((_again(graph, plain, known) - wanted[-1]).double().square().sum())
    logits = torch.cat(wanted).double()
    apart = logits - logits.mean(0) if len(logits) > 1 else logits
    return [error / max(float(apart.square().sum()), 1e-30) for error in errors]


def _again(graph: Graph, plain: Graph, known: Mapping[str, Tensor]) -> Tensor:
    """What a graph answers to images whose maps in another one are known: what they share is not computed again."""
    same = {node.name: node.op for node in plain}

    def made(node: Node, inputs: list[Tensor]) -> Tensor:
        here = zip(node.inputs, inputs, strict=True)
        shared = same.get(node.name) is node.op and all(one is known.get(name) for name, one in here)
        return known[node.name] if shared else output_of(node, inputs)

    return values(graph, known[graph.input.name], made)[graph.output]


def _part(number: float) -> str:
    return f"{100 * number:.2g} %"
