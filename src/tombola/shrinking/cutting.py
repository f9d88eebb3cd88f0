"""The layers of a net made smaller in place, their values those that are left, and the constants moved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import torch
from torch import Tensor, nn

from tombola.graphs.graph import Node
from tombola.graphs.ops import Conv, Linear, Scale, Widen
from tombola.shrinking.choosing import Choice
from tombola.shrinking.constants import bordered, of_constants
from tombola.shrinking.widening import cut_widening

Done: TypeAlias = dict[str, Callable[[Tensor], Tensor]]

NORMS: Final = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True, eq=False)
class Cut:
    """What is left of a weight: its ``rows`` (outputs) in so many ``groups``, and for each its ``columns`` (inputs)."""

    rows: Tensor
    columns: Tensor
    groups: int

    def of(self, tensor: Tensor) -> Tensor:
        """The part of a weight, or of a mask of its shape, (outputs, inputs of one group, ...)."""
        each = len(self.rows) // self.groups
        kept = tensor[self.rows]
        return torch.cat([part[:, own] for part, own in zip(torch.split(kept, each), self.columns, strict=True)])


def cut_of(node: Node, choice: Choice) -> Cut:
    """The cut of a layer's weight."""
    groups = node.op.groups if isinstance(node.op, Conv) else 1
    writes = choice.keeps(node.name).view(groups, -1)
    reads = choice.keeps(node.inputs[0]).view(groups, -1)
    left = writes.any(1)
    columns = torch.stack([row.nonzero().flatten() for row in reads[left]])
    return Cut(writes.reshape(-1).nonzero().flatten(), columns, int(left.sum()))


@torch.no_grad()
def cut(body: nn.Module, choice: Choice, widens: Mapping[str, str]) -> Done:
    """Make the layers of ``body`` smaller, in place. What comes out makes a mask of a tensor as small as the tensor.

    ``widens`` are the body's `widenings`.
    """
    done: Done = {}
    for node in choice.graph:
        if isinstance(node.op, Conv | Linear) and node.op.tensor:
            done |= _cut_layer(body, node, node.op, choice)
        elif isinstance(node.op, Widen) and node.name in widens:
            cut_widening(body, widens[node.name], node.op, choice.keeps(node.name))
    for node in choice.graph:  # after the layers, which leave constants in the norms' means
        if isinstance(node.op, Scale) and node.op.module:
            done |= _cut_norm(body, node, node.op, choice)
    return done


def _cut_layer(body: nn.Module, node: Node, op: Conv | Linear, choice: Choice) -> Done:
    name = op.tensor.rpartition(".")[0]
    layer = body.get_submodule(name)
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    _move_constants(body, layer, node, op, choice)
    found = cut_of(node, choice)
    layer.weight = _parameter(found.of(layer.weight), layer.weight)
    if layer.bias is not None:
        layer.bias = _parameter(layer.bias[found.rows], layer.bias)
    set_sizes(layer, found.groups)
    return {op.tensor: found.of, f"{name}.bias": _rows(found.rows)}


def _cut_norm(body: nn.Module, node: Node, op: Scale, choice: Choice) -> Done:
    norm = body.get_submodule(op.module)
    rows = choice.keeps(node.name).nonzero().flatten()
    for name in NORMS:
        value = getattr(norm, name, None)
        if isinstance(value, nn.Parameter):
            setattr(norm, name, _parameter(value[rows], value))
        elif value is not None:
            setattr(norm, name, value[rows])
    norm.num_features = len(rows)  # type: ignore[assignment]  # every batch norm has it
    return {f"{op.module}.{name}": _rows(rows) for name in NORMS}


def _move_constants(
    body: nn.Module, layer: nn.Conv2d | nn.Linear, node: Node, op: Conv | Linear, choice: Choice
) -> None:
    """Into the carrier's weights at a border of zeros, else into a bias."""
    moved = choice.moved(node)
    if not bool(moved.any()):
        return
    made = of_constants(op, moved)
    if not bordered(op):
        _add_bias(body, layer, node, made.sum(1), choice)
    elif (carrier := choice.carrier(node)) is not None and layer.weight.shape[1] == len(moved):  # not in groups
        share = made / choice.constant[node.inputs[0]][carrier]
        layer.weight[:, carrier] += share.view_as(layer.weight[:, carrier]).to(layer.weight)


def _add_bias(body: nn.Module, layer: nn.Conv2d | nn.Linear, node: Node, amount: Tensor, choice: Choice) -> None:
    """To the layer's bias; without one, off the mean of the batch norm behind it; without that, to a new bias."""
    if not bool(amount.any()):
        return
    amount = amount.to(layer.weight.device)
    reader = choice.graph.only_reader(node.name)
    if layer.bias is not None:
        layer.bias.copy_(layer.bias.double() + amount)
    elif reader is not None and isinstance(reader.op, Scale) and reader.op.module:
        mean: Tensor = body.get_submodule(reader.op.module).running_mean  # type: ignore[assignment]  # a buffer
        mean.copy_(mean.double() - amount)
    else:
        layer.bias = _parameter(amount.to(layer.weight.dtype), layer.weight)


def set_sizes(layer: nn.Conv2d | nn.Linear, groups: int) -> None:
    """The numbers a layer knows its own weight by."""
    outputs, inputs = layer.weight.shape[:2]
    if isinstance(layer, nn.Linear):
        layer.in_features, layer.out_features = inputs, outputs
    else:
        layer.in_channels, layer.out_channels, layer.groups = inputs * groups, outputs, groups


def _parameter(value: Tensor, like: Tensor) -> nn.Parameter:
    return nn.Parameter(value.detach().clone(), requires_grad=like.requires_grad)


def _rows(rows: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda tensor: tensor[rows]


def cut_masks(masks: Mapping[str, Tensor], done: Mapping[str, Callable[[Tensor], Tensor]]) -> dict[str, Tensor]:
    """The masks of what is left."""
    return {name: done[name](mask) if name in done else mask for name, mask in masks.items()}
