"""`Call`: one call of an exported program, with what its arguments are."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor, fx

from tombola.graphs.graph import Shape
from tombola.graphs.ops import Op

Found: TypeAlias = list[tuple[Op, Shape]]


class Unsupported(Exception):
    """Why a call has no place in a graph; who reads the network says in which layer."""


@dataclass(frozen=True)
class Call:
    """One call: the shapes it reads and gives, and the tensors among its arguments by value and by state name."""

    node: fx.Node
    tensors: Mapping[str, Tensor]
    names: Mapping[str, str]
    inputs: tuple[Shape, ...]
    shape: Shape

    @property
    def kind(self) -> str:
        """``conv2d`` of ``aten.conv2d.default``; operations in place under the same name as the others."""
        return self._packet.rstrip("_")

    @property
    def in_place(self) -> bool:
        return self._packet.endswith("_")

    @property
    def _packet(self) -> str:
        if self.node.target is operator.getitem:
            return "getitem"
        return str(self.node.target).removeprefix("aten.").partition(".")[0]

    def get(self, index: int, name: str, default: Any = None) -> Any:
        """An argument by place or name, a tensor as its value; another node as it is."""
        given = self.node.args[index] if len(self.node.args) > index else self.node.kwargs.get(name, default)
        return self.tensors[given.name] if isinstance(given, fx.Node) and given.name in self.tensors else given

    def state(self, index: int) -> str:
        """The state name of a tensor argument, empty if it has none."""
        given = self.node.args[index] if len(self.node.args) > index else None
        return self.names.get(given.name, "") if isinstance(given, fx.Node) else ""
