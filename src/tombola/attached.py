"""`Attached`: several mask-only tickets on one model, switched without loading it again."""

from collections.abc import Mapping
from typing import Self, final

import torch
from torch import Tensor, nn

from tombola.errors import TicketError, near
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.tickets.ticket import Ticket


@final
class Attached:
    """One dense model that is one of its tickets at a time.

    The model stays dense until `use` names a ticket; `detach`, or leaving a ``with`` block, makes it dense again bit
    for bit. A copy of the masked tensors (and of the buffers) is kept, nothing else. ``states`` gives tickets tensors
    of their own by name, such as batch norm statistics; ``heads`` a head module of their own, for a `Network`.
    The model must not be trained or moved meanwhile: adapt a ticket with `tombola.transfer`, which makes a copy.

    >>> import tombola
    >>> model = tombola.Source.parse("resnet8").load()
    >>> tickets = {part: tombola.draw(model, {"name": "omp", "sparsity": part}) for part in (0.5, 0.9)}
    >>> with Attached(model, {f"{part:.0%}": ticket for part, ticket in tickets.items()}) as attached:
    ...     attached.use("90%")
    ...     attached.use("50%")
    """

    def __init__(
        self,
        model: nn.Module,
        tickets: Mapping[str, Ticket],
        *,
        states: Mapping[str, Mapping[str, Tensor]] | None = None,
        heads: Mapping[str, nn.Module] | None = None,
    ) -> None:
        self._model = model
        self._body: nn.Module = model.body if isinstance(model, Network) else model
        self._own_head = self._body.get_submodule(model.head_name) if isinstance(model, Network) else None
        self._states = {name: dict(state) for name, state in (states or {}).items()}
        self._heads = dict(heads or {})
        self._check(tickets)
        self._pruned = {name: {n: ~mask for n, mask in ticket.masks.items()} for name, ticket in tickets.items()}
        names = {name for own in (*self._pruned.values(), *self._states.values()) for name in own}
        names |= {name for name, _ in self._body.named_buffers(remove_duplicate=False)}
        self._dense = {name: value.detach().clone() for name, value in self._tensors().items() if name in names}
        self._current: str | None = None
        self._versions = self._seen()

    @property
    def current(self) -> str | None:
        """The name of the ticket that the model is, None while it is dense."""
        return self._current

    def use(self, name: str) -> None:
        """The model is this ticket now, exact zeros included; refused when its weights were changed meanwhile."""
        if name not in self._pruned:
            raise TicketError(
                f"no ticket {name!r} is attached{near(name, list(self._pruned))}; {_listed(self._pruned)}"
            )
        if self._versions != self._seen():
            raise TicketError(
                "the model was changed while tickets were attached to it, and switching would lose that;"
                " adapt a ticket with tombola.transfer, which makes a copy, or detach() to get the dense weights back"
            )
        self._put(self._states.get(name, {}), self._pruned[name])
        self._set_head(self._heads.get(name))
        self._current = name
        self._versions = self._seen()

    def detach(self) -> None:
        """The dense model again, bit for bit; what was changed in these tensors meanwhile is lost."""
        self._put({}, {})
        self._current = None
        self._versions = self._seen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.detach()

    @torch.no_grad()
    def _put(self, state: Mapping[str, Tensor], pruned: Mapping[str, Tensor]) -> None:
        self._set_head(None)
        tensors = self._tensors()
        for name, dense in self._dense.items():
            tensor = tensors[name]
            tensor.copy_(state.get(name, dense))
            if name in pruned:
                tensor.masked_fill_(pruned[name].to(tensor.device), 0)

    def _set_head(self, head: nn.Module | None) -> None:
        """A head of a ticket's own, or for None the model's."""
        if isinstance(self._model, Network):
            parent, _, leaf = self._model.head_name.rpartition(".")
            setattr(self._body.get_submodule(parent), leaf, head or self._own_head)

    def _tensors(self) -> dict[str, Tensor]:
        parameters = dict(self._body.named_parameters(remove_duplicate=False))
        return {**parameters, **dict(self._body.named_buffers(remove_duplicate=False))}

    def _seen(self) -> dict[str, int]:
        """How often each tensor was written to, as torch counts it; a ticket's own head may change as it likes."""
        own = self._current not in self._heads
        return {n: tensor._version for n, tensor in self._tensors().items() if own or not self._in_head(n)}

    def _in_head(self, name: str) -> bool:
        return isinstance(self._model, Network) and name.startswith(f"{self._model.head_name}.")

    def _check(self, tickets: Mapping[str, Ticket]) -> None:
        digest = weights_digest(self._body)
        shapes = {name: tensor.shape for name, tensor in self._tensors().items()}
        for name, ticket in tickets.items():
            if ticket.weights is not None:
                raise TicketError(
                    f"ticket {name!r} is self-contained: it brings weights of its own; attach mask-only tickets,"
                    " or give its other tensors as states and heads"
                )
            ticket.check_fits(shapes, digest=digest)
            if name in self._heads and any(map(self._in_head, ticket.masks)):
                raise TicketError(
                    f"ticket {name!r} masks the head, so it cannot have another head; leave it out of heads"
                )
        for name in [*self._states, *self._heads]:
            if name not in tickets:
                raise TicketError(f"states or heads for {name!r}, which is no ticket here; {_listed(tickets)}")
        for name, state in self._states.items():
            for tensor, value in state.items():
                if shapes.get(tensor) != value.shape:
                    raise TicketError(
                        f"the state of {name!r}: the model has no {tensor!r} of shape {list(value.shape)}"
                    )
        if self._heads and not isinstance(self._model, Network):
            raise TicketError("heads need a tombola.Network, which knows its head; wrap the module in one")


def _listed(tickets: Mapping[str, object]) -> str:
    return f"there are {', '.join(map(repr, tickets))}" if tickets else "there are none"
