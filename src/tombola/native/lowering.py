"""`lower`: a graph as a `Program`: which C functions are called, and where each finds and leaves its map.

A concatenation costs nothing where its parts can be written into it at once; what changes a map element by element
does so in place when nobody else reads it; a vector's flattening is no step.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from tombola.errors import ModelError
from tombola.graphs.cells import (
    CellConv,
    CellFloats,
    CellGate,
    CellLinear,
    CellMax,
    CellMean,
    CellSums,
    EnterCells,
    FromCells,
    SideBySide,
    ToCells,
)
from tombola.graphs.graph import Graph, Node, Shape
from tombola.graphs.lengths import require_any_length
from tombola.graphs.ops import (
    Activate,
    Adaptive,
    Add,
    Concat,
    Conv,
    Flatten,
    Input,
    Linear,
    Mul,
    Op,
    Pad,
    Pool,
    Scale,
    Stem,
    Widen,
)
from tombola.graphs.tokens import Attention, Constant, Embed, Join, Move, Norm, Part, TokenIds
from tombola.graphs.vectors import with_vectors
from tombola.native.layout import Layout, margin_for
from tombola.native.moving import Moved, joined, lies_so, moved
from tombola.native.program import Kind, Place, Program, Step, TextIds


def lower(graph: Graph) -> Program:
    """The program of a graph that is folded and fused. Raises `ModelError` for one whose answer is no vector.

    One of texts is a program for every length up to the graph's.
    """
    last = graph[graph.output]
    if len(last.shape) != 1 and last.shape[1:] != (1, 1):
        raise ModelError(
            f"this network answers with {last.shape} at {last.name!r}; a native net gives a vector of logits"
        )
    if isinstance(graph.input.op, TokenIds):
        require_any_length(graph)
    places = _Places(with_vectors(graph))
    steps = tuple(step for node in places.graph for step in places.steps(node))
    channels, height, width = graph.input.shape
    result = places.of(places.graph.output)
    return Program(steps, tuple(places.sizes), result, _tail(steps), (channels, height, width), ids_of(graph))


def ids_of(graph: Graph) -> TextIds | None:
    """What ids a graph of texts takes; None of images."""
    entry = graph.input.op
    if not isinstance(entry, TokenIds):
        return None
    rows = [(node.op.place, len(node.op.table)) for node in graph if isinstance(node.op, Embed)]
    words, types = (min((count for place, count in rows if place == wanted), default=0) for wanted in (0, 1))
    return TextIds(entry.names, words, types, entry.pad, entry.never)


def _tail(steps: Sequence[Step]) -> int:
    """The first linear layer from which on there are vectors alone, or the number of steps."""
    tail = len(steps)
    for number in range(len(steps) - 1, -1, -1):
        step = steps[number]
        if step.kind not in ("linear", "activate", "add", "mul", "scale") or not all(
            place.vector for place in (*step.reads, step.writes)
        ):
            break
        if step.kind == "linear":
            tail = number
    return tail


class _Places:
    """Where each node's map lies. Each node has a buffer of its own until another rule gives it a better place."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.margins = _margins(graph)
        self.same = {node.name: node.inputs[0] for node in graph if self._changes_nothing(node)}
        self.given: dict[str, tuple[str, int]] = {
            node.name: (self._real(node.inputs[0]), node.op.first * self._layout(node.shape).plane)
            for node in graph
            if isinstance(node.op, Part)
        }
        self.sizes: list[int] = []
        self.buffers: dict[str, int] = {}
        for node in reversed(graph.nodes):
            if isinstance(node.op, Concat | Widen):
                self._gather(node)
        for node in graph:
            if isinstance(node.op, Activate | Scale | Add | Mul):
                self._in_place(node)

    def of(self, name: str) -> Place:
        """The place of a node's map; the buffers that are asked for are the ones there are."""
        own = self._real(name)
        layout, root, offset = self._layout(self.graph[name].shape), own, 0
        while root in self.given:
            root, further = self.given[root]
            offset += further
        if root not in self.buffers:
            self.buffers[root] = len(self.sizes)
            whole = self._layout(self.graph[root].shape)
            self.sizes.append(whole.channels if whole.contiguous else whole.floats)
        return Place(layout, self.buffers[root], offset)

    def steps(self, node: Node) -> list[Step]:
        """The calls that compute a node, none if its map is there already."""
        if node.name in self.same or self._enters_scaled(node) or isinstance(node.op, Part | TokenIds):
            return []
        if isinstance(node.op, Concat):
            return self._copies(node)
        if isinstance(node.op, Join):
            return self._joins(node)
        reads = (
            () if self._is_entry(node) or isinstance(node.op, Embed) else tuple(self.of(name) for name in node.inputs)
        )
        op = node.op if not isinstance(node.op, Input) else _unit(node.shape[0])
        if isinstance(op, Move):
            op = moved(op, reads[0].layout, self.of(node.name).layout)
        kind = "enter" if self._is_entry(node) and not isinstance(op, EnterCells) else _kind(op)
        return [Step(node.name, kind, op, reads, self.of(node.name))]

    def _copies(self, node: Node) -> list[Step]:
        """One for each input of a concatenation that could not be written into it at once."""
        whole, steps, offset = self.of(node.name), [], 0
        for number, name in enumerate(node.inputs):
            place = self.of(name)
            if (place.buffer, place.offset) != (whole.buffer, whole.offset + offset):
                target = replace(whole, layout=place.layout, offset=whole.offset + offset)
                steps.append(Step(f"{node.name}.{number}", "copy", node.op, (place,), target))
            offset += place.layout.channels * place.layout.plane
        return steps

    def _joins(self, node: Node) -> list[Step]:
        """One for each part of pixels."""
        whole, steps, before = self.of(node.name), [], 0
        for number, name in enumerate(node.inputs):
            place = self.of(name)
            op = joined(place.layout, whole.layout, before)
            steps.append(Step(f"{node.name}.{number}", "move", op, (place,), whole))
            before += place.layout.height * place.layout.width
        return steps

    def _gather(self, node: Node) -> None:
        """Parts are written into the whole at once where they can be; a part of several goes into the last one.

        Parts that lie side by side in a later whole already are a whole there.
        """
        if there := self._side_by_side(node):
            self.given[node.name] = there
            return
        first = node.op.before if isinstance(node.op, Widen) else 0
        offset = first * self._layout(node.shape).plane
        for name in node.inputs:
            own, layout = self._real(name), self._layout(self.graph[name].shape)
            if own not in self.given and own != node.name:
                self.given[own] = (node.name, offset)
            offset += layout.channels * layout.plane

    def _side_by_side(self, node: Node) -> tuple[str, int] | None:
        """The node that has all inputs one behind the other, and where the first one begins."""
        places = [self.given.get(self._real(name), ("", 0)) for name in node.inputs]
        wholes, offset = {whole for whole, _ in places}, places[0][1]
        for name, (_, found) in zip(node.inputs, places, strict=True):
            layout = self._layout(self.graph[name].shape)
            if found != offset or "" in wholes or len(wholes) > 1 or isinstance(node.op, Widen):
                return None
            offset += layout.channels * layout.plane
        return None if node.name in self.given else places[0]

    def _in_place(self, node: Node) -> None:
        own = self._real(node.inputs[0])
        alone = self.graph.only_reader(node.inputs[0]) is node and own == node.inputs[0]
        gathered = isinstance(self.graph[own].op, Part | Constant)
        if own in self.given:
            gathered = gathered or isinstance(self.graph[self.given[own][0]].op, Concat | Widen)
        entry = self._is_entry(node) or isinstance(self.graph[own].op, Concat | Widen)
        if alone and not gathered and not entry and node.name not in self.given and not self._among_the_rest(node):
            self.given[node.name] = (own, 0)

    def _among_the_rest(self, node: Node) -> bool:
        return node.inputs[0] in node.inputs[1:]

    def _real(self, name: str) -> str:
        while name in self.same:
            name = self.same[name]
        return name

    def _changes_nothing(self, node: Node) -> bool:
        before = self.graph[node.inputs[0]].shape if node.inputs else ()
        if isinstance(node.op, Move):
            return lies_so(node.op, self._layout(before), self._layout(node.shape))
        if not isinstance(node.op, Flatten | Adaptive):
            return False
        return before == node.shape or self._layout(before).plane == self._layout(node.shape).plane == 1

    def _is_entry(self, node: Node) -> bool:
        """Whether a node is where the images come in: the normaliser, or the input itself if there is none."""
        alone = self.graph.only_reader(self.graph.input.name)
        scaled = alone is not None and isinstance(alone.op, Scale | EnterCells)
        return node is (alone if scaled else self.graph.input)

    def _enters_scaled(self, node: Node) -> bool:
        return isinstance(node.op, Input) and not self._is_entry(node)

    def _layout(self, shape: Shape) -> Layout:
        channels, height, width = (*shape, 1, 1)[:3]
        return Layout(channels, height, width, self.margins.get((height, width), 0))


def _margins(graph: Graph) -> dict[tuple[int, int], int]:
    """For each height and width, the widest margin any reader of such a map needs; a vector has none."""
    found: dict[tuple[int, int], int] = {}
    for node in graph:
        if isinstance(node.op, Conv | CellSums):
            size = graph[node.inputs[0]].shape[1:]
            found[size[0], size[1]] = max(found.get((size[0], size[1]), 0), margin_for(node.op))
    for node in graph:
        if isinstance(node.op, SideBySide):  # what reads it writes rows as long, where no convolution asks for others:
            (reader,) = graph.readers(node.name)  # whole vectors go where they belong
            found.setdefault((reader.shape[1], reader.shape[2]), node.shape[2] - reader.shape[2])
    return found | {size: 0 for node in graph for size in _flat(node, graph)} | {(1, 1): 0}


def _flat(node: Node, graph: Graph) -> list[tuple[int, int]]:
    """The heights and widths of maps whose rows an attention reads as one: none may have a margin."""
    if not isinstance(node.op, Attention):
        return []
    shapes = [node.shape, *(graph[name].shape for name in node.inputs)]
    return [(shape[1], shape[2]) for shape in shapes if shape[1] != node.op.windows]


def _unit(channels: int) -> Scale:
    return Scale(torch.ones(channels), torch.zeros(channels))


def _kind(op: Op) -> Kind:
    if isinstance(op, Pool):
        return "pool_max" if op.kind == "max" else "pool_average"
    kinds: dict[type[Op], Kind] = {
        Conv: "conv",
        Stem: "stem",
        Linear: "linear",
        Scale: "scale",
        Activate: "activate",
        Add: "add",
        Mul: "mul",
        Flatten: "flatten",
        Pad: "pad",
        Widen: "widen",
        Adaptive: "adaptive",
        Norm: "norm",
        Attention: "attend",
        Moved: "move",
        Constant: "constant",
        CellConv: "cells",
        CellFloats: "cells",
        CellLinear: "dots",
        EnterCells: "enter_cells",
        ToCells: "to_cells",
        FromCells: "from_cells",
        CellMax: "cell_max",
        CellMean: "cell_mean",
        CellGate: "cell_gate",
        SideBySide: "side_by_side",
        Embed: "embed",
    }
    return kinds[type(op)]
