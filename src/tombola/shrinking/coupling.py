"""`Coupling`: a net's channels as groups that go together, so that a ticket of them can be made smaller whole.

A group is everything that makes one channel, in every layer that writes it, and everything that reads it: rows and
columns of weights. Without it nothing is left of the channel, neither its weights nor a constant for others to carry.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Add, Conv, Linear
from tombola.masks.masks import Masks
from tombola.shrinking.channels import Channels, channels_of


@dataclass(frozen=True, eq=False)
class Place:
    """A weight: which tie each of its outputs is, and for each group which each of its inputs is."""

    shape: torch.Size
    rows: Tensor
    columns: Tensor

    def cells(self, flags: Tensor) -> Tensor:
        """For every output and input whether either is flagged: (outputs, inputs of one group)."""
        rows, columns = flags[self.rows], flags[self.columns]
        return rows[:, None] | columns.repeat_interleave(len(self.rows) // len(columns), 0)

    def kernel(self) -> int:
        """How many weights lie between one output and one input."""
        return self.shape[2:].numel()

    def per_tie(self, values: Tensor, count: int) -> Tensor:
        """The sums of (outputs, inputs) over each tie; what lies in two ties counts in both, in one tie once."""
        found = torch.zeros(count, dtype=torch.float64).index_add_(0, self.rows, values.sum(1))
        columns = self.columns.repeat_interleave(len(self.rows) // len(self.columns), 0)
        others = values.masked_fill(columns == self.rows[:, None], 0.0)
        return found.index_add_(0, columns.reshape(-1), others.reshape(-1))


@dataclass(frozen=True, eq=False)
class Coupling:
    """The weights that may be pruned, their ties, and which ties are one layer's own (``layers``, by its weight)."""

    places: dict[str, Place]
    layers: dict[str, Tensor]
    count: int

    @classmethod
    def of(
        cls, graph: Graph, weights: Mapping[str, Tensor], widens: Collection[str] = (), *, sums: bool = True
    ) -> "Coupling":
        """The coupling of those ties all of whose writers are among the weights; ``widens`` as of `channels_of`.

        Without ``sums`` the ties of maps that are added up stay shut.
        """
        channels = channels_of(graph, widens=widens, whole_groups=True)
        nodes = [node for node in graph if isinstance(node.op, Conv | Linear)]
        places = {_tensor(node): _place(node, channels) for node in nodes if _tensor(node) in weights}
        stay = [node for node in nodes if _tensor(node) not in weights]
        if not sums:
            stay += [node for node in graph if isinstance(node.op, Add)]
        shut = channels.fixed | channels.any_of({node.name: _all(node) for node in stay})
        return cls(places, _layers(nodes, channels, shut), channels.count)

    def means(self, scores: Mapping[str, Tensor]) -> Tensor:
        """The mean score of each tie's weights."""
        total = torch.zeros(self.count, dtype=torch.float64)
        for name, place in self.places.items():
            each = scores[name].detach().cpu().double().reshape(*place.shape[:2], -1).sum(2)
            total += place.per_tie(each, self.count)
        return total / self.sizes().clamp(min=1)

    def sizes(self) -> Tensor:
        """How many weights each tie has."""
        ones = {
            name: torch.full(place.shape[:2], float(place.kernel())).double() for name, place in self.places.items()
        }
        return torch.stack([self.places[name].per_tie(each, self.count) for name, each in ones.items()]).sum(0)

    def pruned(self, gone: Tensor) -> int:
        """How many weights go with these ties (one boolean a tie)."""
        return sum(int(place.cells(gone).count_nonzero()) * place.kernel() for place in self.places.values())

    def masks(self, gone: Tensor, like: Mapping[str, Tensor]) -> Masks:
        """The masks of weights without these ties; a weight the graph does not pass is kept whole."""
        kept = Masks.full(like)
        found = {name: kept[name] for name in like}
        for name, place in self.places.items():
            cells = place.cells(gone)
            found[name] = ~cells.view(*cells.shape, *(1 for _ in place.shape[2:])).expand(place.shape)
        return Masks(found)


def _tensor(node: Node) -> str:
    assert isinstance(node.op, Conv | Linear)
    return node.op.tensor


def _place(node: Node, channels: Channels) -> Place:
    op = node.op
    assert isinstance(op, Conv | Linear)
    groups = op.groups if isinstance(op, Conv) else 1
    return Place(op.weight.shape, channels.of[node.name], channels.of[node.inputs[0]].view(groups, -1))


def _all(node: Node) -> Tensor:
    return torch.ones(node.shape[0], dtype=torch.bool)


def _layers(nodes: list[Node], channels: Channels, shut: Tensor) -> dict[str, Tensor]:
    """Each open tie once, under the first layer that writes it."""
    found: dict[str, Tensor] = {}
    seen = shut.clone()
    for node in nodes:
        own: Tensor = torch.unique(channels.of[node.name])
        own = own[~seen[own]]
        seen[own] = True
        if len(own):
            found[_tensor(node)] = own
    return found
