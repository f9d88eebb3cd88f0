"""`NativeTime`: what the native export of a network should take on this machine, layer by layer, for any masks."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Literal, Self, TypeAlias

import torch
from torch import Tensor

from tombola.graphs.cells import CellLinear, CellSums, Rounding
from tombola.graphs.graph import Node
from tombola.graphs.int8.graphing import few, in_cells
from tombola.graphs.int8.rounding import calibrated
from tombola.graphs.ops import Conv, Linear, Op, Stem
from tombola.graphs.reducing import reduced
from tombola.graphs.trace import trace
from tombola.graphs.vectors import with_vectors
from tombola.models.network import Network
from tombola.native.expected import expected
from tombola.native.folder import programmed
from tombola.native.layer import layer_of
from tombola.native.loading import Net
from tombola.native.program import Program, Step
from tombola.schemes.latency.curve import Costs, Curve
from tombola.schemes.latency.ranked import Ranked
from tombola.schemes.latency.search import Measured
from tombola.schemes.latency.timed import Timing, Turns

POINTS = 17
Arithmetic: TypeAlias = Literal["float32", "int8"]


class NativeTime:
    """The graph of a network, which is not changed, and the programs that masks make of it in an ``arithmetic``.

    How maps are rounded changes no time, so int8 is calibrated on random pixels. In a ``with`` it is the machine that
    runs them, too; a C compiler is needed for that alone.
    """

    def __init__(
        self, network: Network, size: tuple[int, int, int], threads: int, arithmetic: Arithmetic = "float32"
    ) -> None:
        self.threads = threads
        self.arithmetic = arithmetic
        self._turns = Turns(threads)
        self._net: Net | None = None
        self._seconds = 0.0
        self._graph = trace(network, size)
        self._how: Mapping[str, Rounding] = {}
        if arithmetic == "int8":
            pixels = torch.rand(2, *size, generator=torch.Generator().manual_seed(0))
            self._how = calibrated(reduced(self._graph), pixels).how
        self.dense_program = self.program({})
        self._steps: dict[str, list[Step]] = {}
        for step in self.dense_program.steps:
            if (layer := layer_of(step.op)) is not None:
                self._steps.setdefault(layer.tensor, []).append(step)

    def program(self, masks: Mapping[str, Tensor]) -> Program:
        """The native program of the network in these masks."""
        nodes = [_masked(node, masks) for node in self._graph]
        graph = reduced(self._graph.with_nodes(nodes))
        return programmed(graph if self.arithmetic == "float32" else in_cells(with_vectors(graph), self._how))

    def costs(self, ranked: Mapping[str, Ranked]) -> Costs:
        """What the model of costs says of every tensor's parts kept, the highest groups first, and of all else."""
        curves = {
            name: Curve.sampled(lambda part, item=item: self._layer(item.name, item.part(part)), POINTS)  # type: ignore[misc]  # bound as a default
            for name, item in ranked.items()
        }
        pruned = {step.name for name in ranked for step in self._steps.get(name, ())}
        rest = sum(expected(step, self.threads) for step in self.dense_program.steps if step.name not in pruned)
        return Costs(curves, rest)

    def __enter__(self) -> Self:
        self._turns.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.__exit__(kind, error, trace)

    def dense(self) -> Measured:
        """The network in no masks."""
        self._net = self._turns.add(self.dense_program)
        (timing,) = self._turns.time([self._net])
        self._seconds = timing.seconds
        return self._measured(timing, 1.0)

    def pruned(self, masks: Mapping[str, Tensor]) -> Measured:
        """The network in masks, in turns with the dense one, whose seconds as `dense` found them are the measure."""
        assert self._net is not None
        first, second = self._turns.time([self._net, self._turns.add(self.program(masks))])
        return self._measured(second, self._seconds / first.seconds)

    def _measured(self, timing: Timing, scale: float) -> Measured:
        layers = {
            name: sum(timing.steps.get(step.name, 0.0) for step in steps) * scale for name, steps in self._steps.items()
        }
        return Measured(timing.seconds * scale, layers)

    def _layer(self, tensor: str, mask: Tensor) -> float:
        """What the steps of one tensor should take in a mask; nothing where no image reaches it."""
        return sum(expected(step, self.threads) for step in self._pruned(tensor, mask))

    def _pruned(self, tensor: str, mask: Tensor) -> Iterator[Step]:
        for step in self._steps.get(tensor, ()):
            layer = layer_of(step.op)
            assert layer is not None
            if layer.weight.flatten(1).shape == mask.flatten(1).shape:
                weight = _within(layer.weight, mask)
            else:  # a convolution that became a matrix: so many of its weights, wherever they are
                count = int(mask.double().mean() * layer.weight.numel())
                weight = torch.zeros_like(layer.weight)
                weight.view(-1)[:count] = 1
            yield replace(step, op=_with_weight(step.op, weight))


def _masked(node: Node, masks: Mapping[str, Tensor]) -> Node:
    op = node.op
    if not isinstance(op, Conv | Linear) or op.tensor not in masks:
        return node
    return node.with_op(replace(op, weight=_within(op.weight, masks[op.tensor])))


def _with_weight(op: Op, weight: Tensor) -> Op:
    """The same layer; of a linear one in int8 with few weights left, the one in float32 that it is then."""
    if isinstance(op, CellLinear) and few(weight):
        return Linear(weight.float(), None, op.tensor)
    if isinstance(op, Stem):
        return replace(op, conv=replace(op.conv, weight=weight))
    assert isinstance(op, Conv | Linear | CellSums | CellLinear)
    return replace(op, weight=weight)


def _within(weight: Tensor, mask: Tensor) -> Tensor:
    """The weight under its mask; a linear layer's may be one of a convolution by now."""
    return weight.masked_fill(~mask.view_as(weight), 0)
