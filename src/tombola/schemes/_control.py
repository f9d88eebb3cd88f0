"""What the controls share: the ticket each is a control of, the weights under it, a ticket that says what changed."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import model_validator
from torch import Tensor

from tombola.errors import RequestError
from tombola.fitting.state import under
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.schemes._base import Rung, Scheme
from tombola.schemes._drawn import versions
from tombola.schemes._rewound import restore
from tombola.spec import option
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket

STATE = "state"
"""Where a rung carries the dense state it was drawn on, when that is not the pretrained one."""


class Control(Scheme):
    """A scheme that takes another one's ticket and changes one thing about it; a study stores the other's once.

    A ``sparsity`` given to a control is that of the ticket it takes: an axis of sparsities may run through schemes and
    controls alike.
    """

    ARGUMENT: ClassVar[str | None] = "of"

    of: Scheme = option("omp", "the scheme whose ticket this is a control of", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _sparsity_is_the_others(cls, values: Any) -> Any:
        if not isinstance(values, Mapping) or "sparsity" not in values:
            return values
        rest = {name: value for name, value in values.items() if name != "sparsity"}
        return {**rest, "of": {**_options(rest.get("of", "omp")), "sparsity": values["sparsity"]}}

    @property
    def before(self) -> Scheme | None:
        return self.of


def _options(of: Any) -> dict[str, Any]:
    """A scheme as the mapping it can be written as."""
    if isinstance(of, Mapping):
        return dict(of)
    if isinstance(of, Scheme):
        return {"name": of.name, **{name: getattr(of, name) for name in of.model_fields_set}}
    return {"name": of}


def given(start: Rung | None) -> Ticket:
    """The ticket the scheme before drew."""
    if start is None:
        raise RequestError("a control starts from another scheme's ticket; call draw(...), which draws that first")
    return start.ticket


def surviving(model: Network, ticket: Ticket) -> Network:
    """A copy of the model with the ticket's own values where it has any; without masks where it has none."""
    network = model.copy()
    if ticket.weights is not None:
        ticket.apply(network.body)
    return network


def dense(model: Network, start: Rung, scheme: Scheme) -> Network:
    """A copy of the model in the state the ticket was drawn on, with the values of what it pruned."""
    network = model.copy()
    if start.ticket.weights is None:
        return network
    state = under(start.carried, STATE)
    if not state:
        raise RequestError(
            f"scheme {scheme.name} needs the values of weights that the ticket of {start.ticket.lineage.scheme['name']}"
            " pruned; that ticket brings values of its own, and those it pruned are kept nowhere. Take a control of"
            " omp, or of imp with rewind=pretrained, rewind=early or rewind=finetuned"
        )
    restore(network, state, with_head=False)
    return network


def with_masks(scheme: Scheme, ticket: Ticket, network: Network, masks: Masks, *, sparsity: float | None) -> Ticket:
    """The control of a ticket where only the masks differ: mask-only or self-contained, as the ticket is."""
    lineage = _lineage(scheme, ticket, {}).replace(sparsity=sparsity)
    return Ticket.of(network.body, masks, lineage, keep_values=ticket.weights is not None)


def with_values(scheme: Scheme, ticket: Ticket, network: Network, **told: object) -> Ticket:
    """The control of a ticket where the masks stay and the network's values are new; ``told`` says what was done."""
    return Ticket.of(network.body, ticket.masks, _lineage(scheme, ticket, told), keep_values=True)


def weights_of(network: Network, masks: Masks) -> dict[str, Tensor]:
    """The body's tensors that the masks cover; the parameters themselves."""
    parameters = dict(network.body.named_parameters(remove_duplicate=False))
    return {name: parameters[name] for name in masks}


def _lineage(scheme: Scheme, ticket: Ticket, told: Mapping[str, object]) -> Lineage:
    """That of the ticket, under this scheme; what the ticket had to say besides stands under ``of``."""
    inner = {name: value for name, value in ticket.lineage.extra.items() if name != "pretrain"}
    extra = {"of": inner, **({"control": told} if told else {})}
    return ticket.lineage.replace(scheme=scheme.identity(), versions=versions(), extra=extra)
