"""Which ties of channels go: those of which nobody needs a varying value, as far as the layers' shapes allow.

What stays although it is empty: one channel of a layer that would have none; what a grouped convolution needs so that
its groups remain of one size; for the readers of a constant at a border of zeros one constant channel, the carrier,
which carries the sum of all; and, where a multiple is asked for, what brings each layer to one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import torch
from torch import Tensor

from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Conv, Linear
from tombola.shrinking.channels import Channels, channels_of
from tombola.shrinking.constants import bordered, constants, reads
from tombola.shrinking.needs import needed

LARGE: Final = 0.25
"""How large a constant must be, as a part of the largest, to carry all: a small one is rounded too coarsely."""


@dataclass(frozen=True, eq=False)
class Choice:
    """The graph of a masked net, and what of it goes: one boolean a tie."""

    graph: Graph
    channels: Channels
    constant: dict[str, Tensor]
    gone: Tensor

    def keeps(self, node: str) -> Tensor:
        """One boolean a channel of a node's output."""
        return ~self.gone[self.channels.of[node]]

    def moved(self, node: Node) -> Tensor:
        """The constants a layer no longer reads, one a channel of its input, 0 for all others."""
        values = self.constant[node.inputs[0]]
        return values.masked_fill(values.isnan() | self.keeps(node.inputs[0]), 0.0)

    def carrier(self, node: Node) -> int | None:
        """The channel of its input by which a layer at a border reads constants: the largest that stays."""
        values = self.constant[node.inputs[0]].abs()
        able = ~values.isnan() & (values > 0) & self.keeps(node.inputs[0])
        return int(values.masked_fill(~able, -1.0).argmax()) if bool(able.any()) else None


def choose(graph: Graph, widens: Collection[str] = (), multiple: int = 1) -> Choice:
    """What can go from a graph whose pruned weights are zero; ``widens`` as of `channels_of`. Changes no graph.

    Layers that keep more than ``multiple`` channels keep a multiple of them, or all they have.
    """
    search = _Search(graph, widens)
    gone = search.carried(search.empty)
    while not torch.equal(fuller := search.filled(gone, multiple), gone):
        gone = search.carried(fuller)
    return Choice(graph, search.channels, search.constant, gone)


class _Search:
    def __init__(self, graph: Graph, widens: Collection[str]) -> None:
        self.graph = graph
        self.channels = channels_of(graph, widens=widens)
        self.constant = constants(graph)
        self.needed = needed(graph, self.constant)

    @property
    def empty(self) -> Tensor:
        """The ties of which no varying value is needed."""
        alive = {name: self.needed[name] & values.isnan() for name, values in self.constant.items()}
        return ~self.channels.any_of(alive) & ~self.channels.fixed

    def carried(self, gone: Tensor) -> Tensor:
        """`settled`, and with every constant at a border carried."""
        gone = self.settled(gone)
        while (carriers := self.carriers(gone)) is not None:
            gone[carriers] = False
            gone = self.settled(gone)
        return gone

    def filled(self, gone: Tensor, multiple: int) -> Tensor:
        """With as many of its empty channels left in every layer as bring it to a multiple, the first ones.

        A layer that keeps fewer than that is left so: most of what it computed would be empty.
        """
        gone = gone.clone()
        for node in self._layers:
            own = torch.zeros_like(gone)
            own[self.channels.of[node.name]] = True
            kept = int((own & ~gone).sum())
            lacking = -kept % multiple if kept > multiple else 0
            gone[(own & gone).nonzero().flatten()[:lacking]] = False
        return gone

    def settled(self, gone: Tensor) -> Tensor:
        """As much of ``gone`` as leaves every layer a channel and every grouped convolution groups of one size."""
        gone = gone.clone()
        while True:
            before = gone.clone()
            for name in [node.inputs[0] for node in self._layers] + [node.name for node in self._layers]:
                ties = self.channels.of[name]
                if bool(gone[ties].all()):  # what is read may carry, so the largest stays
                    gone[ties[self.constant[name].abs().nan_to_num(0.0).argmax()]] = False
            for node in self._layers:
                if isinstance(node.op, Conv) and node.op.groups > 1:
                    self._even(node, node.op.groups, gone)
            if bool((gone == before).all()):
                return gone

    def carriers(self, gone: Tensor) -> Tensor | None:
        """A tie that must stay so that a constant reaches a border, or several; None when all is well."""
        asking = [node for node in self._layers if self._at_border(node, gone).any()]
        grouped = [node for node in asking if isinstance(node.op, Conv) and node.op.groups > 1]
        if grouped:
            return torch.cat([self.channels.of[node.inputs[0]][self._at_border(node, gone)] for node in grouped])
        without = {node.inputs[0] for node in asking if not bool((self._able(node.inputs[0]) & ~gone).any())}
        if not without:
            return None
        return self._widest(without)

    @cached_property
    def _layers(self) -> list[Node]:
        return [node for node in self.graph if isinstance(node.op, Conv | Linear)]

    def _at_border(self, node: Node, gone: Tensor) -> Tensor:
        """The channels that go from a layer's input with a constant it sees the border of."""
        op = node.op
        assert isinstance(op, Conv | Linear)
        values, leaving = self.constant[node.inputs[0]], gone[self.channels.of[node.inputs[0]]]
        if not bordered(op) or not bool(leaving.any()):
            return torch.zeros_like(leaving)
        read = reads(op)
        stays = (~gone[self.channels.of[node.name]] & self.needed[node.name]).view(read.shape[0], -1, 1)
        return leaving & (read & stays).any(1).reshape(-1) & ~values.isnan() & (values != 0)

    def _able(self, name: str) -> Tensor:
        """One boolean a tie: whether it is a constant at a node, and large enough there to carry all others."""
        values = self.constant[name].abs().nan_to_num(0.0)
        return self.channels.any_of({name: (values > 0) & (values >= LARGE * values.max())})

    def _widest(self, places: set[str]) -> Tensor:
        """The tie that can carry at most of the places; of equal ones the first."""
        return torch.stack([self._able(name) for name in sorted(places)]).sum(0).argmax().reshape(1)

    def _even(self, node: Node, groups: int, gone: Tensor) -> None:
        """Whole groups go; from each of the others as many channels as from every other."""
        reads = self.channels.of[node.inputs[0]].view(groups, -1)
        writes = self.channels.of[node.name].view(groups, -1)
        whole = gone[reads].all(1) & gone[writes].all(1)
        for ties in (reads, writes):
            leaving = gone[ties] & ~whole[:, None]
            fewest = 0 if bool(whole.all()) else int(leaving[~whole].sum(1).min())
            fewest = min(fewest, ties.shape[1] - 1)
            gone[ties[leaving & (leaving.cumsum(1) > fewest)]] = False
