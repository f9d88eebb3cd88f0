"""A ticket and its net put together: the dense network it belongs to, the sparse one it is, and back into a ticket."""

from collections.abc import Mapping
from typing import Any

from tombola.errors import ModelError, RequestError, StageError, TicketError
from tombola.fitting.seeds import generator
from tombola.masks.masks import Masks
from tombola.models.adapted import Adapted
from tombola.models.digest import weights_digest
from tombola.models.head_masks import without_head
from tombola.models.network import Network, num_outputs, origin_of
from tombola.models.origin import Origin
from tombola.models.segmenting import outputs_in
from tombola.models.source import Source
from tombola.shrinking.replay import resized
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket


def base_of(ticket: Ticket, model: str | Mapping[str, Any] | Source | None = None, *, seed: int = 0) -> Network:
    """The dense network a ticket belongs to: ``model`` when given, else the one its lineage names.

    A self-contained ticket brings its weights, so its net alone counts, with a head of as many outputs as the ticket's,
    and of a shrunk one with layers as small.
    """
    if ticket.weights is None:
        return _dense(ticket, model, seed)
    return resized(_net(ticket, model, seed), ticket)


def applied(model: Network, ticket: Ticket) -> Network:
    """A copy of the model with the ticket put into it; a mask-only ticket of other weights is refused.

    A shrunk ticket makes the copy as small as it is. One that brings its weights brings their origin, and the task that
    its head answers.
    """
    masked = resized(model.copy(), ticket)
    masked.masks = None
    ticket.check_of(masked.body)
    ticket.apply(masked.body, any_weights=True)
    if ticket.weights is None:
        return masked
    masked.origin = ticket.lineage.dense or masked.origin
    masked.adapted = ticket.lineage.answers
    return masked


def whole(ticket: Ticket, model: str | Mapping[str, Any] | Source | None = None) -> Network:
    """The network that a ticket is, its dense one being ``model`` or the one its lineage names."""
    return applied(base_of(ticket, model), ticket)


def given(what: str, model: str | Mapping[str, Any] | Source | None = None, *, seed: int = 0) -> tuple[Network, Ticket]:
    """The ticket in a ``.ticket`` file and the network it is of; of a model by name the ticket that prunes nothing.

    ``model`` is another network for the ticket, or the options of the model named.
    """
    if what.endswith(".ticket"):
        ticket = Ticket.load(what)
        return base_of(ticket, model, seed=seed), ticket
    network = Source.parse(what if model is None else model).load(seed=seed)
    return network, unpruned(network)


def unpruned(network: Network) -> Ticket:
    """The ticket of a network that prunes nothing."""
    lineage = Lineage(origin=origin_of(network), adapted=network.adapted, weights_digest=weights_digest(network.body))
    return Ticket.of(network.body, Masks({}), lineage, keep_values=False)


def kept(network: Network, ticket: Ticket, adapted: Adapted) -> Ticket:
    """An adapted network as a self-contained ticket that remembers the task it was adapted to.

    Its masks are the ticket's, or those that the network was left with where a training changed them.
    """
    masks = ticket.masks if network.masks is None else network.masks
    extra = {name: value for name, value in ticket.lineage.extra.items() if name not in ("adapted_to", "net")}
    lineage = ticket.lineage.replace(origin=origin_of(network), adapted=adapted, model="", extra=extra)
    return Ticket.of(network.body, without_head(masks, network), lineage, keep_values=True)


def require_dense(network: Network, ticket: Ticket) -> None:
    """Raise `RequestError` where a network is the net of a ticket, and not the dense weights that it was drawn from."""
    drawn_from = ticket.lineage.weights_digest
    if ticket.weights is not None and drawn_from and weights_digest(network.body) != drawn_from:
        raise RequestError(
            "teacher=dense is the dense network adapted first, and the ticket brings the weights it kept, not those;"
            " write --model with the file it was drawn from, or name a teacher: path:FILE or a .ticket file"
        )


def require_pruned(network: Network, masks: Masks) -> None:
    """Raise `StageError` where a weight is there that the masks prune; a head that a task replaced is not asked."""
    weights = dict(network.body.named_parameters(remove_duplicate=False))
    for name, mask in without_head(masks, network).items():
        weight = weights.get(name)
        if weight is None or weight.shape != mask.shape:
            continue  # a net that a change made smaller
        if count := int(weight.detach()[~mask.to(weight.device)].count_nonzero()):
            raise StageError(
                f"{count} of the weights of {name!r} that the ticket prunes came back while it was adapted, and it"
                " could not say so; leave such changes out of fit.changes, or write them where a net is pretrained"
            )


def _dense(ticket: Ticket, model: str | Mapping[str, Any] | Source | None, seed: int) -> Network:
    """The network whose weights a mask-only ticket is of."""
    if model is not None:
        return Source.parse(model).load(seed=seed)
    origin = _origin(ticket)
    if origin.trained:
        raise TicketError(
            f"the ticket was drawn from {str(origin)!r}, whose weights are in no place it could name;"
            " write --model path:FILE with the file they were saved in"
        )
    source = _source(origin.source, origin)
    if source.file is not None and not source.file.is_file():
        raise TicketError(
            f"the ticket was drawn from {origin}, and there is no {source.file} here;"
            " write --model path:FILE with the place where it lies"
        )
    return source.load(seed=origin.seed or 0)


def _net(ticket: Ticket, model: str | Mapping[str, Any] | Source | None, seed: int) -> Network:
    """The net that a self-contained ticket's weights fit; its own weights mean nothing."""
    if model is None:
        origin = _origin(ticket)
        source = _source(origin.net, origin)
    else:
        source = Source.parse(model)
    assert ticket.weights is not None
    network = source.load(seed=seed)
    outputs = outputs_in(ticket.weights, network.head_name, network.head_kind)
    if outputs is None or outputs == num_outputs(network.head):
        return network
    if source.decoder is not None:
        return source.load(num_classes=outputs, seed=seed)
    return network.with_head(outputs, generator=generator(seed, "head"))


def _origin(ticket: Ticket) -> Origin:
    if (origin := ticket.lineage.dense) is None:
        raise TicketError("the ticket does not say which model it is of; write --model")
    return origin


def _source(options: Mapping[str, Any], origin: Origin) -> Source:
    if not origin.can_be_built:
        raise TicketError(
            f"the ticket's model {str(origin)!r} is of a program's own, which no name builds; write --model"
        )
    try:
        return Source.parse(options)
    except ModelError as error:
        raise TicketError(
            f"the ticket's model {str(origin)!r} cannot be found by name ({error}); write --model"
        ) from None
