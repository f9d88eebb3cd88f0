"""`Reading`: an exported program read call by call into the nodes of a `Graph`.

Operations in place are followed: whoever reads a value after it was changed reads what it was changed into.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import torch
from torch import Tensor, fx

from tombola.errors import ModelError
from tombola.graphs.asked import Asked, Value, viewed
from tombola.graphs.aten import SAME, VIEWED, operations
from tombola.graphs.call import Call, Unsupported
from tombola.graphs.graph import Graph, Shape
from tombola.graphs.growing import Growing
from tombola.graphs.ops import Op
from tombola.graphs.views import Crossing, View, whole

Entry: TypeAlias = Callable[["Reading", fx.Node], Value]
"""What an input of the program is."""

FRESH = frozenset(("new_zeros", "new_ones", "new_full", "zeros_like", "ones_like", "full_like"))
"""What reads of a value its shape alone."""


class Reading:
    """The nodes so far, and what each value of the exported program is by now."""

    def __init__(self, tensors: dict[str, tuple[str, Tensor]], entry: Entry) -> None:
        self.entry = entry
        self.tensors = {name: value for name, (_, value) in tensors.items()}
        self.states = {name: state for name, (state, _) in tensors.items()}
        self.growing = Growing()
        self.now: dict[str, Value] = {}
        self.output = ""

    def step(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            if node.name not in self.tensors:
                self.now[node.name] = self.entry(self, node)
        elif node.op == "output":
            self.output = self._result(node)
        else:
            self._call(node)

    def graph(self) -> Graph:
        graph = Graph(tuple(self.growing.nodes.values()), self.output)
        return graph.with_nodes(graph.nodes)

    def _call(self, node: fx.Node) -> None:
        call = self._described(node, ())
        values = [value for value in _values(node) if value.name not in self.tensors]
        if not values or call.kind in FRESH:
            self.tensors[node.name] = self._constant(node)
            return
        try:
            found = self._read(node, call, [self.now[value.name] for value in values])
        except Crossing:
            raise _refused(node, f"values of {shape_of(node)} across what lies apart in a map") from None
        except Unsupported as error:
            raise _refused(node, str(error)) from None
        if isinstance(found, Tensor):
            self.tensors[node.name] = found
            return
        self.now[node.name] = found
        if call.in_place:
            self.now[values[0].name] = self.now[node.name]

    def _read(self, node: fx.Node, call: Call, values: list[Value]) -> Value | Tensor:
        if call.kind in SAME:
            return values[0]
        reader = VIEWED.get(call.kind)
        found = reader and reader(Asked(node, call, self.now, self.growing, shape_of(node)))
        if found is not None:
            return found
        names = tuple(self.growing.plain(viewed(value)) for value in values)
        inputs = self._larger_first(names, node)
        described = self._described(node, tuple(self.growing.nodes[name].shape for name in inputs))
        return self._follow(node, operations(described), inputs)

    def _constant(self, node: fx.Node) -> Any:
        """What a call gives that reads no image: parameters, and what is computed from them."""
        args, kwargs = fx.map_arg(
            (node.args, node.kwargs),
            lambda value: self.tensors[value.name] if value.name in self.tensors else torch.zeros(shape_of(value)),
        )
        assert callable(node.target)
        with torch.no_grad():
            return node.target(*args, **kwargs)

    def _described(self, node: fx.Node, shapes: tuple[Shape, ...]) -> Call:
        return Call(node, self.tensors, self.states, shapes, shape_of(node)[1:])

    def _follow(self, node: fx.Node, found: list[tuple[Op, Shape]], inputs: tuple[str, ...]) -> View:
        """Put the operations one behind the other; no operation at all is the first input itself."""
        last = inputs
        for number, (op, shape) in enumerate(found):
            last = (self.growing.put(node.name if number == 0 else f"{node.name}_{number}", op, last, shape),)
        return whole(last[0], self.growing.nodes[last[0]].shape)

    def _larger_first(self, inputs: tuple[str, ...], node: fx.Node) -> tuple[str, ...]:
        """A sum's and a product's input of (C, 1, 1) stands second."""
        small = [self.growing.nodes[name].shape != shape_of(node)[1:] for name in inputs]
        commutes = str(node.target).startswith(("aten.add", "aten.mul"))
        return inputs[::-1] if commutes and small == [True, False] else inputs

    def _result(self, node: fx.Node) -> str:
        results = node.args[0]
        if not isinstance(results, tuple | list) or len(results) != 1 or not isinstance(results[0], fx.Node):
            raise ModelError("this network answers with more than one tensor; give one that returns its logits alone")
        try:
            return self.growing.plain(viewed(self.now[results[0].name]))
        except Unsupported as error:
            raise ModelError(f"this network answers with {error}") from None


def _values(node: fx.Node) -> Iterator[fx.Node]:
    """Everything the call reads, in order, as often as it reads it."""
    for argument in [*node.args, *node.kwargs.values()]:
        parts = argument if isinstance(argument, tuple | list) else [argument]
        yield from (part for part in parts if isinstance(part, fx.Node))


def shape_of(node: fx.Node) -> Shape:
    """Of a tensor, its batch of one included."""
    value = node.meta.get("val")
    return tuple(int(length) for length in value.shape) if isinstance(value, Tensor) else ()


def _refused(node: fx.Node, why: str) -> ModelError:
    stack = list(node.meta.get("nn_module_stack", {}).values())
    path, kind = stack[-1] if stack else ("", "")
    layer = path.removeprefix("body.") if path != "body" else "the network itself"
    kind = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    return ModelError(f"layer {layer!r} ({kind.rpartition('.')[2]}) asks for {node.target}: {why}")
