"""Which channels of a net are one and the same: cut together, or not at all.

What is added or multiplied has the same channels; a batch norm, an activation or a pooling has those of what it reads;
a depthwise convolution ties what it writes to what it reads; a concatenation and a flattening only rename. Every other
convolution and every linear layer begins channels of its own.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

from tombola.errors import ModelError
from tombola.graphs.graph import Graph, Node
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
    OfTokens,
    Pad,
    Pool,
    Scale,
    Widen,
)

Layer: TypeAlias = Conv | Linear


@dataclass(frozen=True, eq=False)
class Channels:
    """``of``: for every node, the number of the tie that each of its channels belongs to, ``count`` ties in all.

    ``fixed`` ties cannot be cut: the images, the logits, and what a layer without a name reads or writes.
    """

    of: dict[str, Tensor]
    count: int
    fixed: Tensor

    def any_of(self, flags: dict[str, Tensor]) -> Tensor:
        """One boolean a tie: whether it is so for any of its channels at any node."""
        found = torch.zeros(self.count, dtype=torch.bool)
        for name, flag in flags.items():
            found[self.of[name][flag]] = True
        return found


def channels_of(graph: Graph, *, widens: Collection[str] = (), whole_groups: bool = False) -> Channels:
    """The ties of a graph. With ``whole_groups`` a grouped convolution's groups are tied whole as well.

    ``widens`` names the nodes that add channels of zeros and can be made to add fewer.
    """
    for node in graph:
        if isinstance(node.op, OfTokens):
            raise ModelError(
                f"{node.name!r} is a norm over channels, an attention or values in another order, whose channels cannot"
                " be taken out of a net of images"
            )
    found = _Ties(whole_groups, frozenset(widens))
    for node in graph:
        found.add(graph, node)
    found.fixed.append(found.of[graph.output])
    for node in _used_twice(graph):
        found.fixed += [found.of[node.name], found.of[node.inputs[0]]]
    return found.closed()


@dataclass
class _Ties:
    whole_groups: bool
    widens: frozenset[str]
    of: dict[str, Tensor] = field(default_factory=dict)
    count: int = 0
    pairs: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    fixed: list[Tensor] = field(default_factory=list)

    def add(self, graph: Graph, node: Node) -> None:
        inputs = [self.of[name] for name in node.inputs]
        op = node.op
        if isinstance(op, Input | Conv | Linear):
            self.of[node.name] = self._fresh(node.shape[0])
            self._tie(op, self.of[node.name], inputs)
        elif isinstance(op, Add | Mul):
            self.pairs.append((inputs[0], inputs[1]))
            self.of[node.name] = inputs[0]
        elif isinstance(op, Widen):
            self.of[node.name] = torch.cat([self._fresh(op.before), inputs[0], self._fresh(op.after)])
            if node.name not in self.widens:
                self.fixed.append(self.of[node.name])
        elif isinstance(op, Concat):
            self.of[node.name] = torch.cat(inputs)
        elif isinstance(op, Flatten):
            self.of[node.name] = inputs[0].repeat_interleave(node.shape[0] // len(inputs[0]))
        else:
            assert isinstance(op, Scale | Activate | Pad | Pool | Adaptive)
            self.of[node.name] = inputs[0]
            if isinstance(op, Scale) and not op.module and not _alike(op):
                self.fixed.append(inputs[0])

    def closed(self) -> Channels:
        """With ties of ties joined, numbered anew from 0."""
        import numpy as np
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        first, second = (torch.cat([pair[n] for pair in self.pairs] or [torch.zeros(0)]).numpy() for n in (0, 1))
        links = coo_array((np.ones(len(first)), (first, second)), shape=(self.count, self.count))
        count, labels = connected_components(links, directed=False)
        label = torch.from_numpy(labels.astype(np.int64))
        fixed = torch.zeros(count, dtype=torch.bool)
        fixed[label[torch.cat(self.fixed)]] = True
        return Channels({name: label[ids] for name, ids in self.of.items()}, int(count), fixed)

    def _fresh(self, number: int) -> Tensor:
        self.count += number
        return torch.arange(self.count - number, self.count)

    def _tie(self, op: Input | Layer, own: Tensor, inputs: list[Tensor]) -> None:
        if isinstance(op, Input) or not op.tensor:
            self.fixed += [own, *inputs]
        elif isinstance(op, Conv) and op.groups > 1:
            reads, writes = inputs[0].view(op.groups, -1), own.view(op.groups, -1)
            if reads.shape[1] == 1:
                self.pairs.append((reads.expand_as(writes).reshape(-1), own))
            elif self.whole_groups:
                self.pairs += [(part[:, :1].expand_as(part).reshape(-1), part.reshape(-1)) for part in (reads, writes)]
                self.pairs.append((reads[:, 0], writes[:, 0]))


def _alike(op: Scale) -> bool:
    """Whether all channels are scaled alike, so that there is nothing to cut."""
    return all(bool((vector == vector[0]).all()) for vector in (op.scale, op.shift))


def _used_twice(graph: Graph) -> list[Node]:
    """The nodes of layers that the graph passes more than once: what suits one passage need not suit the other."""
    held = [(node, _module(node)) for node in graph]
    times = Counter(module for _, module in held if module)
    return [node for node, module in held if times[module] > 1]


def _module(node: Node) -> str:
    if isinstance(node.op, Conv | Linear):
        return node.op.tensor
    return node.op.module if isinstance(node.op, Scale) else ""
