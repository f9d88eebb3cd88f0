"""A small net, tickets of it, and a short way to look at them; no member of any family."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from tombola import verbs
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property, TicketProperty
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket


def net(seed: int = 0) -> Network:
    """A convolution, a grouped one and a head; the weights of a seed."""
    drawn = torch.Generator().manual_seed(seed)
    body = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)
    )
    with torch.no_grad():
        for parameter in body.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=drawn))
    return Network(body, source="toy")


def of_masks(model: Network, masks: Masks) -> Ticket:
    """A ticket with these masks, of which it is not known how they were drawn."""
    return Ticket.of(model.body, masks, Lineage(weights_digest=weights_digest(model.body)), keep_values=False)


def drawn(model: Network, **options: Any) -> Ticket:
    """What a scheme draws."""
    return verbs.draw(model, {"name": "omp", **options})


def looked_at(wanted: str | dict[str, Any], ticket: Ticket, model: Network, *, seed: int = 0) -> dict[str, Measurement]:
    """A property's measurements by metric, those of layers by metric and layer."""
    item = Property.parse(wanted)
    assert isinstance(item, TicketProperty)
    found = item.inspect(ticket, model, seed=seed, session=Session())
    return {" ".join([m.metric, *([str(m.detail["layer"])] if "layer" in m.detail else [])]): m for m in found}


def saved(ticket: Ticket, folder: Path) -> str:
    """The path of the ticket's file."""
    return str(ticket.save(folder / "other.ticket"))
