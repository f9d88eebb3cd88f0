"""`Graph`: what a network computes, as a short list of operations with fixed shapes and no batch.

A graph is a value: the passes beside this file (folding, fusing) give new ones. `Network`s become graphs in `trace`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from tombola.errors import ModelError
from tombola.graphs.ops import Op

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Node:
    """One operation. ``shape`` is its output's without the batch: (C, H, W), or (F,) of a vector.

    ``name`` is the layer's own where it has one (``layer1.0.conv1``); ``inputs`` name other nodes, in order.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    shape: Shape

    def with_op(self, op: Op) -> "Node":
        """The same place, another operation."""
        return replace(self, op=op)


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in an order in which each stands after its inputs; the first is the input, ``output`` names the result."""

    nodes: tuple[Node, ...]
    output: str

    def __post_init__(self) -> None:
        known: set[str] = set()
        for node in self.nodes:
            if node.name in known or not known.issuperset(node.inputs):
                raise ModelError(f"{node.name!r} stands twice, or before what it reads ({', '.join(node.inputs)})")
            known.add(node.name)
        if self.output not in known:
            raise ModelError(f"the output {self.output!r} is no node of this graph")

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    @cached_property
    def _readers(self) -> dict[str, tuple[Node, ...]]:
        found: dict[str, list[Node]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                found[name].append(node)
        return {name: tuple(readers) for name, readers in found.items()}

    def __getitem__(self, name: str) -> Node:
        return self._by_name[name]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @property
    def input(self) -> Node:
        """The images, (C, H, W)."""
        return self.nodes[0]

    def readers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read ``name``, each once."""
        return self._readers[name]

    def only_reader(self, name: str) -> Node | None:
        """The one node that reads ``name``, if it is one alone and the net's result is another."""
        readers = self._readers[name]
        return readers[0] if len(readers) == 1 and name != self.output else None

    def with_nodes(self, nodes: Sequence[Node], output: str | None = None) -> "Graph":
        """Another list of nodes, those nobody reads left out; the input stays."""
        kept = Graph(tuple(nodes), output or self.output)
        wanted = {kept.output, kept.input.name}
        for node in reversed(kept.nodes):
            if node.name in wanted:
                wanted.update(node.inputs)
        return Graph(tuple(node for node in kept.nodes if node.name in wanted), kept.output)
