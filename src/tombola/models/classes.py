"""The classes that a network tells, and those that a set holds: by their names, in whichever order."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.masks.masks import Masks
from tombola.models.network import Network


def in_order_of(network: Network, classes: Sequence[str]) -> Network:
    """The network with its outputs in the order of ``classes``: itself where they are, or where it names none.

    Raises `ModelError` that names the classes which only one of the two has.
    """
    order = _order(network, classes)
    return network if order is None else _reordered(network, order, classes)


def masks_in_order_of(masks: Masks, network: Network, classes: Sequence[str]) -> Masks:
    """The masks of ``network`` for `in_order_of` it: a masked head's outputs change places too."""
    order = _order(network, classes)
    of_head = [name for name in masks if order is not None and name.rpartition(".")[0] == _last(network)[0]]
    return Masks({name: mask[order] if name in of_head else mask for name, mask in masks.items()}) if of_head else masks


def _order(network: Network, classes: Sequence[str]) -> Tensor | None:
    """Which of the network's outputs stands where; None where all stand as they should."""
    own = network.adapted.classes if network.adapted is not None else ()
    if not own or own == tuple(classes):
        return None
    missing, extra = ([name for name in one if name not in other] for one, other in ((own, classes), (classes, own)))
    if missing or extra or len(own) != len(classes) or len(set(own)) != len(own):
        raise ModelError(_differ(network, classes, missing, extra))
    return torch.tensor([own.index(name) for name in classes])


def _differ(network: Network, classes: Sequence[str], missing: Sequence[str], extra: Sequence[str]) -> str:
    assert network.adapted is not None
    parts = [f"it lacks {_few(missing)}"] if missing else []
    parts += [f"it has {_few(extra)} besides"] if extra else []
    return (
        f"the network tells the {len(network.adapted.classes)} classes of {network.adapted.title}, and the set holds"
        f" {len(classes)}: {' and '.join(parts) or 'some names stand for several'}; name its classes alike, or adapt"
        " the ticket to this set: tombola transfer x.ticket --task ..."
    )


def _few(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more


@torch.no_grad()
def _reordered(network: Network, order: Tensor, classes: Sequence[str]) -> Network:
    new = network.copy()
    if new.normalise.outputs is not None:
        new.normalise = new.normalise.reordered(order).train(new.normalise.training)
    else:
        for parameter in _last(new)[1].parameters():
            parameter.copy_(parameter[order.to(parameter.device)])
    assert new.adapted is not None
    new.adapted = new.adapted.replace(classes=tuple(classes))
    return new


def _last(network: Network) -> tuple[str, nn.Module]:
    """The layer that gives the outputs, and its name: the head, or the last of its layers."""
    name, layer = network.head_name, network.head
    while isinstance(layer, nn.Sequential):
        name, layer = f"{name}.{len(layer) - 1}", layer[-1]
    return name, layer
