"""The state that a ladder's levels go back to: kept beside the tickets, put back bit for bit, proved by its digest."""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tombola.errors import TicketError
from tombola.fitting.state import load
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.schemes._base import Rung
from tombola.tickets.ticket import Ticket


def digest_of(state: Network) -> str:
    """The digest of a network's body without its head, which differs from task to task."""
    bare = state.copy()
    parts = {name for name, _ in bare.head.named_parameters()}
    if not parts <= {"weight", "bias"}:  # a head of maps or of words counts as the classifier's, whose place it has
        parent, _, leaf = bare.head_name.rpartition(".")
        setattr(bare.body.get_submodule(parent), leaf, _linear())
    for parameter in bare.head.parameters():
        parameter.data = parameter.data.new_zeros(1)
    return hashlib.sha256(f"rewound/{weights_digest(bare.body)}".encode()).hexdigest()


def _linear() -> nn.Linear:
    """A layer with a weight and a bias, drawn from no generator."""
    with torch.device("meta"):
        return nn.Linear(1, 1).to_empty(device="cpu")


def check(state: Network, start: Rung | None) -> None:
    """Raise `TicketError` unless the level before was drawn on this very state."""
    before = None if start is None else start.ticket.lineage.extra.get("rewound")
    if before is not None and before != digest_of(state):
        raise TicketError(
            "the state to rewind to is not the one the level before was drawn on; its digest differs."
            " Something changed the model or its weights between two levels: draw the ladder anew"
        )


def restore(network: Network, state: Mapping[str, Tensor], *, with_head: bool) -> None:
    """Write a carried state into the network in place, in all tensors or in all but the head's."""
    own = network.state_dict()
    head = f"body.{network.head_name}."
    wanted = {name: value for name, value in state.items() if with_head or not name.startswith(head)}
    load(network, {**own, **wanted})


def with_values(ticket: Ticket, model: Network, state: Network) -> Ticket:
    """The ticket made self-contained: the state's surviving values, and the head that the model has."""
    body = model.copy()
    restore(body, state.state_dict(), with_head=False)
    return Ticket.of(body.body, ticket.masks, ticket.lineage, keep_values=True)
