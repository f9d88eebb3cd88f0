"""The five verbs, in memory: pretrain, draw, transfer, measure, export. Nothing is cached and nothing given is changed.

A model is a `Network`, any ``nn.Module``, a `Source` or its text (``"resnet8"``). Tasks, schemes, transfers, properties
and exporters are given as members, as their names, or as mappings with a name and options.
"""

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from torch import nn

from tombola.errors import RequestError, StageError, TicketError
from tombola.exporters._base import Exporter
from tombola.fitting.devices import device_of
from tombola.fitting.fit import Fit
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.fitting.validate import headline
from tombola.joining import applied, base_of, kept, require_dense, require_pruned, unpruned, whole
from tombola.models.adapted import Adapted
from tombola.models.classes import in_order_of
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.properties._base import DenseProperty, Measurement, PairProperty, Property, TicketProperty
from tombola.rows import Row
from tombola.schemes._base import Scheme
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket
from tombola.transfers._base import Transfer

Model: TypeAlias = Network | nn.Module | Source | str | Mapping[str, Any]
Options: TypeAlias = str | Mapping[str, Any]

__all__ = [
    "Model",
    "Options",
    "applied",
    "as_network",
    "base_of",
    "compare",
    "draw",
    "export",
    "finished",
    "inspect",
    "keep",
    "measure",
    "pretrain",
    "rungs",
    "shown",
    "transfer",
    "validated",
]


@dataclass(frozen=True)
class Validated:
    """A task's score on its validation split, in [0, 1]."""

    score: float
    images: int
    unjudged: str = ""
    """Why there is no score, in words; empty where there is one."""

    def __str__(self) -> str:
        if not self.images:
            return "no validation samples"
        return self.unjudged or f"{self.score:.2%} on {self.images} validation samples"

    def plain(self) -> dict[str, float | None]:
        """As plain JSON, the score in per cent; null where samples tell nothing."""
        return {"score": None if self.unjudged and self.images else 100 * self.score, "images": self.images}


def pretrain(
    model: Model, task: Task | Options, fit: Fit | Options, *, seed: int = 0, session: Session | None = None
) -> Network:
    """A new network with a head for ``task``, trained on it; a fit's text is the name of a recipe."""
    given = as_network(model, seed=seed)
    target = Task.parse(task)
    with_head = target.head(given, generator=generator(seed, "head"))
    trained = _fit(fit).run(with_head, target, masks=None, seed=seed, session=session or Session(), parameters="all")
    trained.origin, trained.adapted = trained.origin.replace(trained=True), target.adapted()
    return trained


def draw(
    model: Model,
    scheme: Scheme | Options | None = None,
    *,
    task: Task | Options | None = None,
    seed: int = 0,
    session: Session | None = None,
    **options: Any,
) -> Ticket:
    """The ticket that a scheme draws; schemes that train need a task. The model is not changed.

    ``options`` are the scheme's, as in ``draw(model, sparsity=0.9)``; without a scheme it is omp, or latency where that
    is given.
    """
    return rungs(model, scheme, task=task, seed=seed, session=session, **options)[-1]


def rungs(
    model: Model,
    scheme: Scheme | Options | None = None,
    *,
    task: Task | Options | None = None,
    seed: int = 0,
    session: Session | None = None,
    **options: Any,
) -> list[Ticket]:
    """The tickets of a whole ladder, rung by rung; the last one is what `draw` returns."""
    how = _scheme(scheme, options)
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
    """A new network: the ticket applied to the model, adapted to the task. A foreign mask-only ticket is refused.

    So is a training that brings pruned weights back and does not say which: where one changes masks, the network's
    ``masks`` are the last. Where it is to learn from the dense network, that one is adapted first.
    """
    drawn, dense, there = _ticket(ticket), as_network(model, seed=seed), session or Session()
    masked, target, way = applied(dense, drawn), Task.parse(task), Transfer.parse(how)
    if (plain := way.untaught()) is not None:
        require_dense(dense, drawn)
        way = way.taught(transfer(dense, unpruned(dense), target, plain, seed=seed, session=there.inside("teacher")))
    found = way.adapt(masked, drawn.masks, target, seed=seed, session=there)
    require_pruned(found, drawn.masks if found.masks is None else found.masks)
    found.adapted = _adapted(found, target)
    return found


def measure(
    model: Model,
    task: Task | Options,
    properties: Iterable[Property | Options] | Property | str,
    *,
    seed: int = 0,
    session: Session | None = None,
) -> list[Row]:
    """The properties' values on the task's test split, one row a value.

    A network that says what it was adapted to is shown images made ready as there, where the task leaves that open. It
    is refused where the task has other classes, and answers in the task's order where it has the same ones in another.
    """
    given, target = as_network(model, seed=seed), Task.parse(task)
    wanted = [properties] if isinstance(properties, Property | str) else list(properties)
    parsed = [Property.parse(item) for item in wanted]
    return [
        _row(item, found, seed)
        for item in parsed
        for found in item.measure(*_judged(given, item, target), seed=seed, session=session or Session())
    ]


def compare(
    model: Model,
    dense: Model,
    task: Task | Options,
    properties: Iterable[PairProperty | Options] | PairProperty | str,
    *,
    seed: int = 0,
    session: Session | None = None,
) -> list[Row]:
    """The values of properties that look at two finished networks, one row a value; each is judged as by `measure`.

    Both are shown the same images, made ready as for the first.
    """
    given, other, target = as_network(model, seed=seed), as_network(dense, seed=seed), Task.parse(task)
    wanted = [properties] if isinstance(properties, Property | str) else list(properties)
    rows = []
    for item in map(_of_pairs, wanted):
        first, shown_as = _judged(given, item, target)
        second, _ = _judged(other, item, shown_as)
        found = item.compare(first, second, shown_as, seed=seed, session=session or Session())
        rows += [_row(item, one, seed) for one in found]
    return rows


def inspect(
    model: Model,
    ticket: Ticket | Path | str,
    properties: Iterable[TicketProperty | Options] | TicketProperty | str,
    *,
    seed: int = 0,
    session: Session | None = None,
) -> list[Row]:
    """The values of properties that look at a ticket itself, one row a value; ``model`` is the dense one it is of.

    Another net is refused; where its weights count, a property says so.
    """
    drawn, dense = _ticket(ticket), as_network(model, seed=seed)
    _require_its_net(drawn, dense)
    wanted = [properties] if isinstance(properties, Property | str) else list(properties)
    return [
        _row(item, found, seed)
        for item in map(_of_tickets, wanted)
        for found in item.inspect(drawn, dense, seed=seed, session=session or Session())
    ]


def export(model: Model | None, ticket: Ticket | Path | str, to: Exporter | Options, out: Path | str) -> list[Path]:
    """The files written: the ticket applied to the model, in a form other programs read.

    The model may be None: then it is the one that the ticket names.
    """
    drawn = _ticket(ticket)
    network = applied(as_network(model), drawn) if isinstance(model, nn.Module) else whole(drawn, model)
    return Exporter.parse(to).export_ticket(network, drawn, Path(out))


def keep(network: Network, ticket: Ticket, task: Task) -> Ticket:
    """An adapted network as a self-contained ticket that remembers the task it was adapted to."""
    return kept(network, ticket, _adapted(network, task))


def finished(what: str | Mapping[str, Any], task: Task, *, seed: int = 0) -> Network:
    """A network to measure: a self-contained ``.ticket`` put into its net, or a model by name.

    A model that does not say what it was adapted to gets a fresh head where its own does not fit the task.
    """
    if not isinstance(what, str) or not what.endswith(".ticket"):
        source = Source.parse(what)
        network = source.load(seed=seed)
        adapted = network.adapted is not None or task.fits(network)
        return network if adapted else source.load(num_classes=task.answers.outputs, seed=seed)
    ticket = Ticket.load(what)
    if ticket.weights is None:
        raise TicketError(
            f"{what} is mask-only: it says which weights stay, not their values; adapt it first:"
            f" tombola transfer {what} --task ... -o adapted.ticket"
        )
    return whole(ticket)


def shown(task: Task, network: Network) -> Task:
    """The task with its images made ready as the network was adapted with, where the task leaves that open.

    Of the files that it was adapted to the same samples are held out.
    """
    if network.adapted is None:
        return task
    theirs = network.adapted.task.get("data")
    ready = task.made_ready(network.adapted.preprocessing)
    return ready.parted_as(theirs) if isinstance(theirs, Mapping) else ready


def validated(network: Network, task: Task, *, device: str = "cpu") -> Validated:
    """The task's score on its validation split, which training may have looked at; no image of the test split."""
    val, there = task.splits().val, device_of(device)
    if why := task.unjudged(val):
        return Validated(0.0, len(val), f"not judged on validation samples: {why}")
    return Validated(headline(network.copy().to(there), val, task, device=there, bfloat16=False), len(val))


def as_network(model: Model, *, seed: int = 0) -> Network:
    """``model`` as a `Network`: as it is, wrapped without a normaliser, or loaded by name."""
    if isinstance(model, Network):
        return model
    if isinstance(model, nn.Module):
        return Network(model, source=type(model).__name__)
    return Source.parse(model).load(seed=seed)


def _adapted(network: Network, task: Task) -> Adapted:
    """What a network says of itself once it answers a task, with what was found while it was adapted."""
    return task.adapted().replace(found=None if network.adapted is None else network.adapted.found)


def _ticket(ticket: Ticket | Path | str) -> Ticket:
    return ticket if isinstance(ticket, Ticket) else Ticket.load(ticket)


def _scheme(scheme: Scheme | Options | None, options: Mapping[str, Any]) -> Scheme:
    if isinstance(scheme, Scheme):
        return scheme.replace(**options) if options else scheme
    if scheme is None:
        scheme = "latency" if "latency" in options else "omp"
    named: Mapping[str, Any] = {"name": scheme} if isinstance(scheme, str) else scheme
    return Scheme.parse({**named, **options})


def _fit(fit: Fit | Options) -> Fit:
    if isinstance(fit, Fit):
        return fit
    return build(Fit, {"preset": fit} if isinstance(fit, str) else fit, "pretrain")


def _judged(network: Network, item: Property, task: Task) -> tuple[Network, Task]:
    """Network and task as a property looks at them: one of dense networks asks nothing of their head."""
    if isinstance(item, DenseProperty):
        return network, task
    task.check_net(network)
    if network.adapted is None:
        return network, task
    target = shown(task, network)
    classes = target.splits().classes
    if classes and not network.adapted.classes:
        warnings.warn(f"{network.source} does not name its classes; they are taken in the set's order", stacklevel=3)
    return in_order_of(network, classes), target


def _require_its_net(ticket: Ticket, dense: Network) -> None:
    named, given = ticket.lineage.dense, dense.origin.bare
    if named is not None and named.bare and given and named.bare != given:
        raise TicketError(f"the ticket is of {named.bare}, not of {given}; leave --model out, or name its own net")
    ticket.check_fits({name: value.shape for name, value in dense.body.state_dict().items()})


def _of_pairs(wanted: Property | Options) -> PairProperty:
    found = Property.parse(wanted)
    if not isinstance(found, PairProperty):
        raise RequestError(f"{found.name} looks at one network, not at two; write measure(...) for it")
    return found


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
