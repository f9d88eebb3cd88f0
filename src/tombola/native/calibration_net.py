"""`probe_program`: a net made of many convolutions of few shapes and densities, to see what the kernels cost here.

Every layer reads a map of its own size and is averaged away behind; all of them stand in one program, so that one build
and a few runs time them all. A layer stands there once for every way of computing it.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Adaptive, Concat, Conv, Flatten, Input, Linear, Pool
from tombola.native.choosing import Choice, candidates, lists_of, shipped
from tombola.native.lowering import lower
from tombola.native.program import Program, Step
from tombola.native.targets import vector

SIDE = 112
CLASSES = 256
TRIED = 24


@dataclass(frozen=True)
class Probe:
    """A layer to time: channels, the side of its input, its kernel, and what part is kept.

    It is kept in stripes of so many outputs, and in cells of so many inputs.
    """

    inputs: int
    outputs: int
    side: int
    kernel: int = 3
    stride: int = 1
    stripe: int = 1
    kept: float = 1.0
    cell: int = 1

    @property
    def name(self) -> str:
        """Unlike any other's."""
        numbers = self.inputs, self.outputs, self.side, self.kernel, self.stride, self.stripe, round(1000 * self.kept)
        return "probe_" + "_".join(map(str, numbers if self.cell == 1 else (*numbers, self.cell)))

    def weight(self) -> Tensor:
        """Random weights, the same each time, in random stripes and cells."""
        generator = torch.Generator().manual_seed(sum(map(ord, self.name)))
        shape = (self.outputs, self.inputs, self.kernel, self.kernel)
        groups = -(-self.outputs // self.stripe), -(-self.inputs // self.cell)
        alive = torch.rand(*groups, *shape[2:], generator=generator) < self.kept
        whole = alive.repeat_interleave(self.stripe, 0).repeat_interleave(self.cell, 1)
        return torch.randn(shape, generator=generator) * whole[: self.outputs, : self.inputs]


def probe_program(probes: Sequence[Probe]) -> Program:
    """The program of `probe_graph`."""
    return lower(probe_graph(probes))


def probe_graph(probes: Sequence[Probe]) -> Graph:
    """One node for each probe, of its name, and a dense and a sparse linear layer at the end."""
    nodes = [Node("images", Input(), (), (3, SIDE, SIDE))]
    maps: dict[tuple[int, int], str] = {}
    means = []
    for item in probes:
        if (item.inputs, item.side) not in maps:
            maps[item.inputs, item.side] = f"map_{item.inputs}_{item.side}"
            nodes += _map(item.inputs, item.side)
        side = (item.side - 1) // item.stride + 1
        half = item.kernel // 2
        conv = Conv(item.weight(), torch.zeros(item.outputs), (item.stride,) * 2, (half,) * 4, activation="relu")
        nodes.append(Node(item.name, conv, (maps[item.inputs, item.side],), (item.outputs, side, side)))
        nodes.append(Node(f"{item.name}.mean", Adaptive(), (item.name,), (item.outputs, 1, 1)))
        means.append((f"{item.name}.mean", item.outputs))
    total = sum(outputs for _, outputs in means)
    nodes.append(Node("all", Concat(), tuple(name for name, _ in means), (total, 1, 1)))
    nodes.append(Node("flat", Flatten(), ("all",), (total,)))
    nodes += _linears(total)
    return Graph(tuple(nodes), nodes[-1].name)


def probes_of(program: Program) -> list[Step]:
    """The steps that are probes."""
    return [step for step in program.steps if step.name.startswith("probe_") and isinstance(step.op, Conv)]


def ways(step: Step, best: int, others: int) -> list[tuple[Choice, int]]:
    """How a probe can be computed, with the survivors of all its groups: the best as is thought, and some others."""
    assert isinstance(step.op, Conv)
    inp, out = step.reads[0].layout, step.writes.layout
    lists = dict(lists_of(step.op))
    found = candidates(step.op, inp, out, TRIED, shipped(vector("native")))
    rest = random.Random(step.name).sample(found[best:], min(others, len(found) - best)) if len(found) > best else []
    return [(choice, lists[choice.block]) for choice in [*found[:best], *rest]]


def _map(channels: int, side: int) -> list[Node]:
    """A map with something in it: the images, shrunk, in so many channels."""
    shrunk, name = f"shrunk_{channels}_{side}", f"map_{channels}_{side}"
    stride = SIDE // side
    window = SIDE - (side - 1) * stride
    pool = Pool("max", (window, window), (stride, stride))
    generator = torch.Generator().manual_seed(channels)
    weight = torch.randn(channels, 3, 1, 1, generator=generator)
    return [
        Node(shrunk, pool, ("images",), (3, side, side)),
        Node(name, Conv(weight, torch.ones(channels), activation="relu"), (shrunk,), (channels, side, side)),
    ]


def _linears(inputs: int) -> list[Node]:
    generator = torch.Generator().manual_seed(1)
    dense = torch.randn(CLASSES, inputs, generator=generator)
    kept = torch.rand(CLASSES, CLASSES, generator=generator) < 0.1
    sparse = torch.randn(CLASSES, CLASSES, generator=generator) * kept
    return [
        Node("dense", Linear(dense, None), ("flat",), (CLASSES,)),
        Node("sparse", Linear(sparse, None), ("dense",), (CLASSES,)),
    ]
