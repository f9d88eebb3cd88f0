"""`in_cells`: a graph whose convolutions and linear layers are of int8, as far as they can be.

Convolutions that end in nothing, ReLU, ReLU6 or one of `CURVED`, their residual sums, maxima by windows, global means,
products with a number a channel and linear layers are computed on cells; what is left is float32, and a map is turned
where one kind meets the other. Long tables of words are rounded row by row.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias, TypeGuard

import torch
from torch import Tensor

from tombola.errors import RequestError, near
from tombola.graphs.cells import (
    CELL,
    CellConv,
    CellFloats,
    CellGate,
    CellLinear,
    CellMax,
    CellMean,
    EnterCells,
    FromCells,
    Rounding,
    ToCells,
)
from tombola.graphs.graph import Graph, Node, Shape
from tombola.graphs.int8.filling import filled
from tombola.graphs.int8.weights import Weights, rounded_rows, rounded_weights
from tombola.graphs.ops import Activate, Adaptive, Conv, Input, Linear, Mul, OfTokens, Op, Pool, Scale
from tombola.graphs.tokens import Embed, TokenIds

CURVED = ("gelu", "gelu_tanh", "silu", "hardswish")
"""Activations that the end of a layer of cells has; a ReLU is where it cuts off."""
MANY: Final = 1000
"""Words of a table from which on its rows are kept as bytes: most of an encoder lies there."""
FEW = 0.25  # of a linear layer's weights: with fewer left it is less to read as survivors in float32

Rounds: TypeAlias = Callable[[Tensor, Tensor | None, float, int], Weights]


def in_cells(
    graph: Graph, how: Mapping[str, Rounding], in_float32: Collection[str] = (), rounds: Rounds = rounded_weights
) -> Graph:
    """The graph on cells: ``how`` says how each node's map is rounded, ``in_float32`` which layers are left.

    ``rounds`` gives a layer's weights, as whole numbers of what kind it likes.
    """
    layers = [node.name for node in graph if isinstance(node.op, Conv | Linear) or _is_long(node.op)]
    for name in in_float32:
        if name not in layers:
            raise RequestError(
                f"no layer {name!r} to leave in float32{near(name, layers)} (layers: {', '.join(layers)})"
            )
    turning = _Turning(graph, how, rounds)
    for node in graph:
        turning.turn(node, stays=node.name in in_float32)
    return graph.with_nodes(turning.nodes, turning.floats(graph.output))


def cells_of(shape: Shape) -> Shape:
    """The shape of a map, or of a vector, in cells."""
    return (-(-shape[0] // CELL), *shape[1:])


@dataclass
class _Turning:
    """The new nodes so far, and by an old node's name the new ones that hold its map as floats and as cells."""

    graph: Graph
    how: Mapping[str, Rounding]
    rounds: Rounds
    nodes: list[Node] = field(default_factory=list)
    as_floats: dict[str, str] = field(default_factory=dict)
    as_cells: dict[str, tuple[str, Rounding]] = field(default_factory=dict)

    def turn(self, node: Node, *, stays: bool) -> None:
        """Append what computes a node."""
        op = node.op
        if isinstance(op, Conv) and not stays and self._ends_in_floats(node, op):
            self._floats(node, op)
        elif isinstance(op, Conv) and op.activation in (None, "relu", "relu6", *CURVED) and not stays:
            self._conv(node, op)
        elif isinstance(op, Linear) and not stays and not few(op.weight):
            self._linear(node, op)
        elif _is_long(op) and not stays:
            table, steps = rounded_rows(op.table)
            self._put(node, replace(op, table=table, steps=steps), node.inputs)
        elif (
            isinstance(op, Pool)
            and node.inputs[0] in self.as_cells
            and _byte_by_byte(op, self._shape(node), node.shape)
        ):
            name, how = self.as_cells[node.inputs[0]]
            self._put_cells(node, CellMax(op.kernel, op.stride, op.padding, how.zero), (name,), how)
        elif isinstance(op, Adaptive) and node.inputs[0] in self.as_cells and self._is_global(node):
            name, how = self.as_cells[node.inputs[0]]
            _, height, width = self._shape(node)
            self._put(node, CellMean(how.scale / (height * width), how.zero), (name,))
        elif isinstance(op, Mul) and self._gates(node):
            (name, entering), leaving = self.as_cells[node.inputs[0]], self.how[node.name]
            gate = CellGate(entering.scale / leaving.scale, entering.zero, leaving.zero)
            self._put_cells(node, gate, (name, self.floats(node.inputs[1])), leaving)
        else:
            self._put(node, op, tuple(self.floats(name) for name in node.inputs))

    def _gates(self, node: Node) -> bool:
        """Whether it is a map that lies in cells times a number a channel, and convolutions read what comes out."""
        map_, gate = node.inputs
        return (
            map_ in self.as_cells
            and self.graph[gate].shape[1:] in ((), (1, 1))
            and self.graph[map_].shape[1:] not in ((), (1, 1))
            and any(isinstance(reader.op, Conv) for reader in self.graph.readers(node.name))
        )

    def _is_global(self, node: Node) -> bool:
        """Whether a mean is of all pixels, which are as many in every image; tokens are not in every text."""
        return node.shape[1:] == (1, 1) and not isinstance(self.graph.input.op, TokenIds)

    def floats(self, name: str) -> str:
        """The node that has a map as floats."""
        if name not in self.as_floats:
            cells, how = self.as_cells[name]
            self.as_floats[name] = f"{name}.floats"
            op = FromCells(how.scale, how.zero)
            self.nodes.append(Node(f"{name}.floats", op, (cells,), self.graph[name].shape))
        return self.as_floats[name]

    def cells(self, name: str) -> tuple[str, Rounding]:
        """The node that has a map as cells, and how it is rounded."""
        if name not in self.as_cells:
            how = self.how[name]
            node = self._entering(name, how) or self._rounding(name, how)
            self.nodes.append(node)
            self.as_cells[name] = node.name, how
        return self.as_cells[name]

    def _rounding(self, name: str, how: Rounding) -> Node:
        op = ToCells(1 / how.scale, how.zero)
        return Node(f"{name}.cells", op, (self.floats(name),), cells_of(self.graph[name].shape))

    def _entering(self, name: str, how: Rounding) -> Node | None:
        """What rounds the images as they come in, normalised or not; None of another map, or one of more readers."""
        node, entry = self.graph[name], self.graph.input
        unit = Scale(torch.ones(entry.shape[0]), torch.zeros(entry.shape[0]))
        op = unit if isinstance(node.op, Input) else node.op
        if not isinstance(op, Scale) or entry.name not in (name, *node.inputs) or len(node.shape) != 3:
            return None
        if not (self.graph.only_reader(name) and self.graph.only_reader(entry.name)):
            return None
        entered = EnterCells(op.scale.float() / how.scale, op.shift.float() / how.scale, how.zero)
        return Node(f"{name}.cells", entered, (entry.name,), cells_of(node.shape))

    def _conv(self, node: Node, op: Conv) -> None:
        name, fields, steps = self._sums(node, op)
        inputs: tuple[str, ...] = (name,)
        leaving, added = self.how[node.name], None
        if op.residual:
            other, beside = self.cells(node.inputs[1])
            inputs, added = (name, other), (beside.scale / leaving.scale, beside.zero)
        made = CellConv(
            **fields,
            factor=(steps / (1.0 if op.activation in CURVED else leaving.scale)).float(),
            zero=leaving.zero,
            least=leaving.least,
            largest=leaving.largest,
            added=added,
            activation=op.activation if op.activation in CURVED else None,
            step=1 / leaving.scale,
        )
        self._put_cells(node, made, inputs, leaving)

    def _ends_in_floats(self, node: Node, op: Conv) -> bool:
        """Whether floats are read of a convolution: by a norm or an attention, or after a sum by GELU and its like."""
        readers = self.graph.readers(node.name)
        return (op.residual and op.activation in CURVED) or any(isinstance(reader.op, OfTokens) for reader in readers)

    def _floats(self, node: Node, op: Conv) -> None:
        name, fields, steps = self._sums(node, op)
        made = CellFloats(**fields, factor=steps.float(), activation=op.activation, residual=op.residual)
        self._put(node, made, (name, *(self.floats(other) for other in node.inputs[1:])))

    def _sums(self, node: Node, op: Conv) -> tuple[str, dict[str, Any], Tensor]:
        """The node that holds what a convolution reads, fields of its `CellSums`, and what a step of its sums means."""
        name, entering = self.cells(node.inputs[0])
        shape: dict[str, Any] = {"stride": op.stride, "padding": op.padding, "dilation": op.dilation}
        weight, full = op.weight, filled(op, node.shape, entering.zero)
        if full is not None:
            beside, weight = full
            pixels = Node(f"{node.name}.pixels", beside, (name,), (beside.rows * beside.cells, *beside.size))
            self.nodes.append(pixels)
            name, shape = pixels.name, {"places": op.weight.numel()}
        found = self.rounds(weight, op.bias, entering.scale, entering.zero)
        fields = {"weight": found.weight, "bias": found.bias, "entering": entering.zero, "groups": op.groups}
        return name, {**fields, **shape, "tensor": op.tensor}, found.steps * entering.scale

    def _linear(self, node: Node, op: Linear) -> None:
        name, entering = self.cells(node.inputs[0])
        found = self.rounds(op.weight, op.bias, entering.scale, entering.zero)
        product = CellLinear(found.weight, found.bias, (found.steps * entering.scale).float(), op.tensor)
        if op.activation is None:
            self._put(node, product, (name,))
        else:
            self.nodes.append(Node(f"{node.name}.product", product, (name,), node.shape))
            self._put(node, Activate(op.activation), (f"{node.name}.product",))

    def _put(self, node: Node, op: Op, inputs: tuple[str, ...]) -> None:
        self.nodes.append(Node(node.name, op, inputs, node.shape))
        self.as_floats[node.name] = node.name

    def _put_cells(self, node: Node, op: CellConv | CellMax | CellGate, inputs: tuple[str, ...], how: Rounding) -> None:
        self.nodes.append(Node(node.name, op, inputs, cells_of(node.shape)))
        self.as_cells[node.name] = node.name, how

    def _shape(self, node: Node) -> Shape:
        return self.graph[node.inputs[0]].shape


def _is_long(op: Op) -> TypeGuard[Embed]:
    return isinstance(op, Embed) and len(op.table) >= MANY


def few(weight: Tensor) -> bool:
    """Whether so little is left of a linear layer that it stays in float32."""
    return int(weight.count_nonzero()) < FEW * weight.numel()


def _byte_by_byte(op: Pool, before: Shape, after: Shape) -> bool:
    """Whether a maximum's windows all hold a pixel, and lie together."""
    if op.kind != "max" or op.dilation != (1, 1):
        return False
    return all(
        op.kernel[side] > op.padding[2 * side] > (after[1 + side] - 1) * op.stride[side] - before[1 + side]
        for side in (0, 1)
    )
