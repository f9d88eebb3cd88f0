"""The five verbs, in memory: pretrain, draw, transfer, measure, export. Nothing is cached and nothing given is changed.

A model is a `Network`, any ``nn.Module``, a `Source` or its text (``"resnet8"``). Tasks, schemes, transfers, properties
and exporters are given as members, as their names, or as mappings with a name and options.
"""

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from torch import nn

from tombola.errors import RequestError, StageError, TicketError
from tombola.exporters._base import Exporter
from tombola.fitting.fit import Fit
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.models.head_masks import without_head
from tombola.models.network import Network, net_of, num_outputs
from tombola.models.segmenting import outputs_in
from tombola.models.source import Source
from tombola.properties._base import Measurement, Property, TicketProperty
from tombola.rows import Row
from tombola.schemes._base import Scheme
from tombola.shrinking.replay import resized
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket
from tombola.transfers._base import Transfer

Model: TypeAlias = Network | nn.Module | Source | str | Mapping[str, Any]
Options: TypeAlias = str | Mapping[str, Any]


def pretrain(
    model: Model, task: Task | Options, fit: Fit | Options, *, seed: int = 0, session: Session | None = None
) -> Network:
    """A new network with a head for ``task``, trained on it; a fit's text is the name of a recipe."""
    given = as_network(model, seed=seed)
    target = Task.parse(task)
    with_head = target.head(given, generator=generator(seed, "head"))
    trained = _fit(fit).run(with_head, target, masks=None, seed=seed, session=session or Session(), parameters="all")
    trained.source = _trained(given.source)
    return trained


def draw(
    model: Model,
    scheme: Scheme | Options,
    *,
    task: Task | Options | None = None,
    seed: int = 0,
    session: Session | None = None,
) -> list[Ticket]:
    """The tickets a scheme draws, rung by rung; the last one is the one asked for. Schemes that train need a task."""
    how = Scheme.parse(scheme)
    if task is None and any(rung.needs_task for rung in how.chain()):
        raise RequestError(f"scheme {how.name} looks at a task: write task='digits', or another task's name")
    target = None if task is None else Task.parse(task)
    return list(how.draw(as_network(model, seed=seed), target, seed=seed, session=session or Session()))


def transfer(
    model: Model,
    ticket: Ticket | Path | str,
    task: Task | Options,
    how: Transfer | Options,
    *,
    seed: int = 0,
    session: Session | None = None,
) -> Network:
    """A new network: the ticket applied to the model, adapted to the task. A foreign mask-only ticket is refused."""
    drawn = _ticket(ticket)
    masked = applied(as_network(model, seed=seed), drawn)
    return Transfer.parse(how).adapt(masked, drawn.masks, Task.parse(task), seed=seed, session=session or Session())


def measure(
    model: Model,
    task: Task | Options,
    properties: Iterable[Property | Options] | Property | str,
    *,
    seed: int = 0,
    session: Session | None = None,
) -> list[Row]:
    """The properties' values on the task's test split, one row a value."""
    network, target = as_network(model, seed=seed), Task.parse(task)
    wanted = [properties] if isinstance(properties, Property | str) else list(properties)
    parsed = [Property.parse(item) for item in wanted]
    return [
        _row(item, found, seed)
        for item in parsed
        for found in item.measure(network, target, seed=seed, session=session or Session())
    ]


def inspect(
    model: Model,
    ticket: Ticket | Path | str,
    properties: Iterable[TicketProperty | Options] | TicketProperty | str,
    *,
    seed: int = 0,
    session: Session | None = None,
) -> list[Row]:
    """The values of properties that look at a ticket itself, one row a value; ``model`` is the dense one it is of."""
    drawn, dense = _ticket(ticket), as_network(model, seed=seed)
    wanted = [properties] if isinstance(properties, Property | str) else list(properties)
    return [
        _row(item, found, seed)
        for item in map(_of_tickets, wanted)
        for found in item.inspect(drawn, dense, seed=seed, session=session or Session())
    ]


def export(model: Model, ticket: Ticket | Path | str, to: Exporter | Options, out: Path | str) -> list[Path]:
    """The files written: the ticket applied to the model, in a form other programs read."""
    drawn = _ticket(ticket)
    return Exporter.parse(to).export_ticket(applied(as_network(model), drawn), drawn, Path(out))


def applied(model: Network, ticket: Ticket) -> Network:
    """A copy of the model with the ticket put into it; a mask-only ticket of other weights is refused.

    A shrunk ticket makes the copy as small as it is.
    """
    masked = resized(model.copy(), ticket)
    ticket.apply(masked.body, digest=weights_digest(masked.body) if ticket.weights is None else None)
    return masked


def keep(network: Network, ticket: Ticket, task: Task) -> Ticket:
    """An adapted network as a self-contained ticket that remembers the task it was adapted to."""
    extra = {**ticket.lineage.extra, "adapted_to": task.identity(), "net": net_of(network)}
    masks = without_head(ticket.masks, network)
    return Ticket.of(network.body, masks, ticket.lineage.replace(extra=extra), keep_values=True)


def finished(what: str | Mapping[str, Any], task: Task, *, seed: int = 0) -> Network:
    """A network to measure: a self-contained ``.ticket`` put into its net, or a model by name."""
    classes = len(task.splits().classes)
    if not isinstance(what, str) or not what.endswith(".ticket"):
        return Source.parse(what).load(num_classes=classes, seed=seed)
    ticket = Ticket.load(what)
    if ticket.weights is None:
        raise TicketError(
            f"{what} is mask-only: it says which weights stay, not their values; adapt it first:"
            f" tombola transfer {what} --task ... -o adapted.ticket"
        )
    net = ticket.lineage.extra.get("net")
    source = _named(ticket)[0] if net is None else Source.parse(net)
    return applied(source.load(num_classes=classes, seed=seed), ticket)


def base_of(ticket: Ticket, model: str | Mapping[str, Any] | None = None, *, seed: int = 0) -> Network:
    """The dense network a ticket belongs to: ``model`` when given, else the one its lineage names.

    A self-contained ticket brings its weights, so its net alone counts, with a head of as many outputs as the ticket's,
    and of a shrunk one with layers as small.
    """
    return resized(_named_base_of(ticket, model, seed=seed), ticket)


def _named_base_of(ticket: Ticket, model: str | Mapping[str, Any] | None, *, seed: int) -> Network:
    if ticket.weights is not None and (model is not None or ticket.lineage.extra.get("net")):
        source = Source.parse(model or ticket.lineage.extra["net"])
        network = source.load(seed=seed)
        own = outputs_in(ticket.weights, network.head_name)
        if own is None or own == num_outputs(network.head):
            return network
        if source.decoder is not None:
            return source.load(num_classes=own, seed=seed)
        return network.with_head(own, generator=generator(seed, "head"))
    if model is not None:
        return Source.parse(model).load(seed=seed)
    if ticket.weights is None and ticket.lineage.model.endswith(_TRAINED):
        raise TicketError(
            f"the ticket was drawn from {ticket.lineage.model!r}, whose weights are in no place it could name;"
            " write --model path:FILE with the file they were saved in"
        )
    source, seeded = _named(ticket)
    return source.load(seed=seeded)


def as_network(model: Model, *, seed: int = 0) -> Network:
    """``model`` as a `Network`: as it is, wrapped without a normaliser, or loaded by name."""
    if isinstance(model, Network):
        return model
    if isinstance(model, nn.Module):
        return Network(model, source=type(model).__name__)
    return Source.parse(model).load(seed=seed)


_TRAINED = ", trained here"
_RANDOM = re.compile(r"(?P<name>\S+) \(random, seed (?P<seed>\d+)\)")
_FILE = re.compile(r"(?P<name>path:.+) \((?P<arch>\S+), sha256 \w+\)")


def _trained(source: str) -> str:
    return source if source.endswith(_TRAINED) else source + _TRAINED


def _named(ticket: Ticket) -> tuple[Source, int]:
    """The source and the seed that a lineage's model text names."""
    text = ticket.lineage.model.removesuffix(_TRAINED)
    try:
        if match := _RANDOM.fullmatch(text):
            net = ticket.lineage.extra.get("net")  # its width and normaliser too
            return Source.parse(net or match["name"]), int(match["seed"])
        if match := _FILE.fullmatch(text):
            return Source.parse({"name": match["name"], "arch": match["arch"]}), 0
        return Source.parse(text), 0
    except RequestError as error:
        raise TicketError(f"the ticket's model {text!r} cannot be found by name ({error}); write --model") from None


def _ticket(ticket: Ticket | Path | str) -> Ticket:
    return ticket if isinstance(ticket, Ticket) else Ticket.load(ticket)


def _fit(fit: Fit | Options) -> Fit:
    if isinstance(fit, Fit):
        return fit
    return build(Fit, {"preset": fit} if isinstance(fit, str) else fit, "pretrain")


def _of_tickets(wanted: Property | Options) -> TicketProperty:
    found = Property.parse(wanted)
    if not isinstance(found, TicketProperty):
        raise RequestError(f"{found.name} looks at a finished network, not at a ticket; write measure(...) for it")
    return found


def _row(item: Property, found: Measurement, seed: int) -> Row:
    if not math.isfinite(found.value):
        raise StageError(f"{item.name}: {found.metric} is {found.value}, so nothing was measured")
    return Row(
        seed=seed,
        property=item.name,
        metric=found.metric,
        value=found.value,
        unit=found.unit,
        better=found.better,
        samples=found.samples,
        detail=found.detail,
        outcomes=found.outcomes,
    )
