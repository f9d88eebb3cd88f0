"""A shrunk ticket's net, made again: the net of its name, each layer cut to the shapes that the ticket holds.

Shapes say nearly all. What they do not say, a shrunk ticket says in its lineage, under ``extra["shrunk"]``, where the
net's own number no longer holds: into how many groups a convolution's channels fall, and how many channels of zeros a
shortcut without weights adds before and after.
"""

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from tombola.errors import TicketError
from tombola.models.network import Network
from tombola.models.resnet_cifar import Subsample
from tombola.shrinking.cutting import NORMS, set_sizes
from tombola.shrinking.widening import pads
from tombola.tickets.ticket import Ticket

KEY: Final = "shrunk"


def described(network: Network, small: Network, ticket_says: Mapping[str, Any]) -> dict[str, Any]:
    """What a ticket of ``small``, cut from ``network``, must say beside its shapes; ``ticket_says`` is what it said."""
    before = {name: module.groups for name, module in network.body.named_modules() if isinstance(module, nn.Conv2d)}
    after = {name: module.groups for name, module in small.body.named_modules() if isinstance(module, nn.Conv2d)}
    changed = {name: groups for name, groups in after.items() if groups != before[name]}
    added = {name: list(pair) for name, pair in pads(small.body).items() if pair != pads(network.body)[name]}
    counts = [sum(p.numel() for p in net.body.parameters()) for net in (network, small)]
    return {
        "groups": {**ticket_says.get("groups", {}), **changed},
        "pads": {**ticket_says.get("pads", {}), **added},
        "parameters": [*ticket_says.get("parameters", counts)[:1], counts[1]],
    }


def resized(network: Network, ticket: Ticket) -> Network:
    """The network with layers as small as a shrunk ticket's, their values undefined; itself for any other ticket.

    Nothing given is changed.
    """
    told = ticket.lineage.extra.get(KEY)
    if told is None or ticket.weights is None:
        return network
    groups, added = (told.get(word) if isinstance(told, dict) else None for word in ("groups", "pads"))
    if not isinstance(groups, dict) or not isinstance(added, dict):
        raise TicketError("the ticket says it is shrunk, but not by which groups and pads its net is made again")
    small = network.copy()
    for name, module in small.body.named_modules():
        if isinstance(module, Subsample) and name in added:
            module.before, module.after = _pair(name, added[name])
    resize(small.body, ticket.weights, groups)
    return small


def resize(body: nn.Module, like: Mapping[str, Tensor], groups: Mapping[str, Any] | None = None) -> None:
    """Make the layers and batch norms of a body as small as these tensors, in place; the values are undefined.

    ``groups`` says into how many the channels of a convolution fall, where that is another number than its own.
    """
    for name, module in body.named_modules():
        shapes = {leaf: like.get(f"{name}.{leaf}".removeprefix(".")) for leaf in NORMS}
        if isinstance(module, nn.Conv2d | nn.Linear):
            _resize_layer(name, module, shapes, (groups or {}).get(name))
        elif isinstance(getattr(module, "running_mean", None), Tensor):
            _resize_norm(name, module, shapes)


def _resize_layer(name: str, layer: nn.Conv2d | nn.Linear, like: Mapping[str, Tensor | None], groups: object) -> None:
    weight, bias = like["weight"], like["bias"]
    if weight is None:
        return
    groups = getattr(layer, "groups", 1) if groups is None else groups
    _check(name, layer.weight, weight)
    if not isinstance(groups, int) or groups < 1 or weight.shape[0] % groups:
        raise TicketError(f"the ticket cuts {name!r} to {list(weight.shape)} in {groups!r} groups, which cannot be")
    layer.weight = _empty(weight, layer.weight)
    if bias is not None:
        if bias.shape != weight.shape[:1]:
            raise TicketError(f"the ticket's bias of {name!r} is {list(bias.shape)}, its weight {list(weight.shape)}")
        layer.bias = _empty(bias, layer.weight)
    set_sizes(layer, groups)


def _resize_norm(name: str, norm: nn.Module, like: Mapping[str, Tensor | None]) -> None:
    for leaf in NORMS:
        own, value = getattr(norm, leaf, None), like[leaf]
        if own is None or value is None:
            continue
        _check(name, own, value)
        setattr(norm, leaf, _empty(value, own) if isinstance(own, nn.Parameter) else own.new_zeros(value.shape))
        norm.num_features = len(value)  # type: ignore[assignment]  # every batch norm has it


def _pair(name: str, said: object) -> tuple[int, int]:
    match said:
        case [int(before), int(after)] if 0 <= before < 2**20 and 0 <= after < 2**20:
            return before, after
    raise TicketError(f"the ticket's pads of {name!r} are {str(said)[:40]}, not two whole numbers")


def _check(name: str, own: Tensor, value: Tensor) -> None:
    """A cut takes outputs and inputs away and leaves the kernel."""
    fits = own.ndim == value.ndim and own.shape[2:] == value.shape[2:]
    if not fits or not all(0 < new <= old for new, old in zip(value.shape, own.shape, strict=True)):
        raise TicketError(
            f"the ticket's {name!r} is {list(value.shape)}, which is no part of the model's {list(own.shape)};"
            " build the model named in the ticket's lineage"
        )


def _empty(like: Tensor, own: Tensor) -> nn.Parameter:
    return nn.Parameter(torch.zeros(like.shape, dtype=own.dtype, device=own.device), requires_grad=own.requires_grad)
