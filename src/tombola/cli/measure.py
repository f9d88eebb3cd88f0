"""``tombola measure``: properties of a finished model on a task, and of a ticket by itself."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import typer

from tombola.cli import completing, families, settings
from tombola.cli.output import JSON, emit
from tombola.cli.shortcuts import Chosen, shortcuts
from tombola.cli.work import TASK, WHAT, session
from tombola.errors import RequestError

if TYPE_CHECKING:
    from tombola.properties._base import PairProperty, Property
    from tombola.rows import Row
    from tombola.tasks._base import Task


EXAMPLES: Final = (
    "tombola measure adapted.ticket --task digits",
    "tombola measure photos.ticket --data photos --property accuracy --property mistakes",
    "tombola measure adapted.ticket --task digits --property adversarial_accuracy --eps 8/255",
    "tombola measure x.ticket --property density",
)


@shortcuts(Chosen("properties", "property_", "accuracy"), data="task", size="task.size", eps="attack.eps")
def measure(
    what: str = WHAT,
    task: str | None = TASK,
    property_: list[str] = typer.Option(
        ["accuracy"],
        "--property",
        metavar="PROPERTY",
        help=f"What to measure; may be repeated: {families.choices('properties')}.",
        autocompletion=completing.members("properties"),
    ),
    model: str | None = typer.Option(
        None,
        "--model",
        metavar="MODEL",
        help="For properties of a ticket: the dense model; without it, the one the ticket names.",
        autocompletion=completing.models,
    ),
    dense: str | None = typer.Option(
        None,
        "--dense",
        metavar="TICKET",
        help="For properties of two networks: the other one, a .ticket file or a model.",
        autocompletion=completing.files(completing.TICKETS),
    ),
    set_: list[str] = settings.SET,
    seed: int = settings.SEED,
    device: str = settings.DEVICE,
    as_json: bool = JSON,
) -> None:
    """Measure a finished model on a task, or a ticket itself.

    A ticket's own properties (density, overlap, ...) need no task. With one property its options are set by --set.
    Images are made ready as for the task that a ticket was adapted to. --property mistakes lists what was told wrong;
    --set task.split=all measures a whole folder.
    """
    from tombola.properties._base import PairProperty, Property, TicketProperty

    options = settings.settings(set_)
    of_model = settings.taken(options, "model", what if model is None else model)
    of_task = settings.taken(options, "task", task)
    wanted = [Property.parse({"name": name, **options}) for name in property_]
    of_tickets = [item for item in wanted if isinstance(item, TicketProperty)]
    of_pairs = [item for item in wanted if isinstance(item, PairProperty)]
    others = [item for item in wanted if item not in of_tickets and item not in of_pairs]
    rows: list[Row] = []
    if others:
        rows += _measured(of_model if model is None else what, of_task, others, seed, device)
    if of_pairs:
        rows += _compared(of_model if model is None else what, dense, of_task, of_pairs, seed, device)
    judged = dict.fromkeys(f"judged on {row.detail['split']}" for row in rows if "split" in row.detail)
    if of_tickets:
        rows += _inspected(what, None if of_model == what else of_model, of_tickets, seed, device)
    emit(as_json, [json.loads(row.json_line()) for row in rows], [*map(_line, rows), *judged])


def _measured(
    what: str | dict[str, Any], task: str | dict[str, Any] | None, wanted: Sequence["Property"], seed: int, device: str
) -> "list[Row]":
    """Values of a finished network on a task's test split."""
    from tombola import verbs

    target = _task(task, wanted[0])
    network = verbs.finished(what, target, seed=seed)
    shown = verbs.shown(target, network)
    return _with_split(verbs.measure(network, shown, wanted, seed=seed, session=session(None, device)), shown)


def _compared(
    what: str | dict[str, Any],
    dense: str | None,
    task: str | dict[str, Any] | None,
    wanted: Sequence["PairProperty"],
    seed: int,
    device: str,
) -> "list[Row]":
    """Values of two finished networks on a task's test split."""
    from tombola import verbs

    if dense is None:
        raise RequestError(
            f"{wanted[0].name} looks at two networks; name the other one, as in --dense dense.ticket (the model"
            " adapted as it is: tombola transfer MODEL --task ... -o dense.ticket)"
        )
    target = _task(task, wanted[0])
    network, other = (verbs.finished(name, target, seed=seed) for name in (what, dense))
    shown = verbs.shown(target, network)
    return _with_split(verbs.compare(network, other, shown, wanted, seed=seed, session=session(None, device)), shown)


def _task(task: str | dict[str, Any] | None, wanted: "Property") -> "Task":
    from tombola.tasks._base import Task

    if task is None:
        raise RequestError(f"{wanted.name} is measured on a task; write --task digits, or another task")
    return Task.parse(task)


def _with_split(rows: "Sequence[Row]", shown: "Task") -> "list[Row]":
    """The rows with what they were judged on and, of a share of images, its interval.

    What they were judged on is found out once: a folder is looked through for it.
    """
    from tombola.shown import in_pixels

    many, shape, tested = len(shown.splits().test), shown.shape, shown.tested()
    split = f"{many} samples: {tested}" if shape is None else f"{many} images of {in_pixels(*shape)} pixels: {tested}"
    return [row.model_copy(update={"detail": {**row.detail, **_interval(row), "split": split}}) for row in rows]


def _interval(row: "Row") -> dict[str, float]:
    """The 95 % interval of a share of images told right, in per cent; nothing of other values."""
    from tombola.outcomes import Outcomes, wilson

    if not row.outcomes:
        return {}
    low, high = wilson(int(Outcomes.parse(row.outcomes).table().sum()), row.samples)
    return {"low": 100 * low, "high": 100 * high}


def _inspected(
    what: str, model: str | dict[str, Any] | None, wanted: Sequence[Any], seed: int, device: str
) -> "list[Row]":
    """Values of a ticket, beside the dense network it is of."""
    from tombola import verbs
    from tombola.tickets.ticket import Ticket

    if not what.endswith(".ticket"):
        raise RequestError(f"{wanted[0].name} looks at a ticket, and {what} is none; name a .ticket file")
    ticket = Ticket.load(what)
    dense = verbs.base_of(ticket, model, seed=seed)
    return verbs.inspect(dense, ticket, wanted, seed=seed, session=session(None, device))


def _line(row: "Row") -> str:
    behind = f"(n={row.samples})" if row.samples else _counted(row)
    return f"{row.metric:<24} {row.value:8.2f} {row.unit:<3} {behind}{''.join(_beside(row))}"


def _beside(row: "Row") -> Iterator[str]:
    """What a value is of, and its interval."""
    if "low" in row.detail:
        yield f"  95 % interval {row.detail['low']:.2f} to {row.detail['high']:.2f}"
    for word, text in (("layer", ""), ("image", ""), ("class", ""), ("told", "told as ")):
        if word in row.detail:
            yield f"  {text}{row.detail[word]}"
    if "radius" in row.detail:
        yield f"  radius {row.detail['radius']:g}"


def _counted(row: "Row") -> str:
    """``(120 of 432)`` for a count, nothing for what is computed from several."""
    return f"({row.detail['count']:,} of {row.detail['of']:,})" if "count" in row.detail else ""
