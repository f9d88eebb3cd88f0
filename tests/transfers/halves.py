"""A small net and a ticket of it, which tests transfer to tasks of another kind than its own."""

import torch
from torch import nn

from tombola import verbs
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.tickets.ticket import Ticket


def drawn() -> tuple[Network, Ticket]:
    """Random weights, and a ticket that prunes three in five."""
    model = Source(name="resnet8", width=0.5).load(seed=0)
    return model, verbs.draw(model, {"name": "omp", "sparsity": 0.6})


def same(one: nn.Module, two: nn.Module) -> bool:
    """Whether every tensor of the first is the second's, bit for bit."""
    return all(torch.equal(value, two.state_dict()[name]) for name, value in one.state_dict().items())
