"""``tombola bench``: how fast a ticket is on this machine, beside the best dense engines."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from tombola.cli import completing, families, settings
from tombola.cli.commands import OUTPUT, RUNNING
from tombola.cli.output import JSON, emit
from tombola.cli.progress import reporter
from tombola.cli.shortcuts import shortcuts
from tombola.cli.work import AT_ONCE, OF_MODEL, TASK, THREADS, WHAT_IF_ANY, fresh_file, require_ticket
from tombola.errors import RequestError

if TYPE_CHECKING:
    from tombola.engines._base import Engine
    from tombola.masks.masks import Masks
    from tombola.models.network import Network
    from tombola.shown import Shown
    from tombola.tasks._base import Task

EXAMPLES: Final = (
    "tombola bench adapted.ticket",
    "tombola bench adapted.ticket --task digits --engine native --engine openvino:int8",
    "tombola bench --calibrate",
)
ENGINES: Final = (
    "openvino:int8",
    "onnxruntime:int8",
    "openvino:bf16",
    "openvino",
    "onnxruntime",
    "torch",
    "shrunk:onnxruntime",
    "shrunk:onnxruntime:int8",
    "native",
    "native:int8",
)


@shortcuts(data="task")
def bench(
    what: str | None = WHAT_IF_ANY,
    engine: list[str] = typer.Option(
        ENGINES,
        "--engine",
        metavar="ENGINE",
        show_default="all that are installed",
        help=f"What to run it in, as native:int8; may be repeated: {families.choices('engines')}.",
        autocompletion=completing.members("engines"),
    ),
    model: str | None = OF_MODEL,
    task: str | None = TASK,
    samples: int = typer.Option(
        1000, "--samples", metavar="COUNT", help="Test samples of the task, each class by its share.", min=1
    ),
    images: str | None = typer.Option(
        None,
        "--images",
        metavar="FOLDER",
        help="Pictures to calibrate int8 on; without it, training images of the task.",
    ),
    size: int | None = typer.Option(
        None,
        "--size",
        metavar="PIXELS",
        help="The images' side; without it, the task's, or what it was adapted with.",
        min=1,
        max=8192,
    ),
    length: int | None = typer.Option(
        None,
        "--length",
        metavar="TOKENS",
        help="Of a text; without it, the task's, or what it was adapted with.",
        min=1,
        max=8192,
    ),
    batch: int = AT_ONCE,
    threads: int = THREADS,
    pin: str | None = typer.Option(
        None, "--pin", metavar="CORES", help="Cores to run on: 0, or 0,1, or 0-3.", rich_help_panel=RUNNING
    ),
    seconds: float = typer.Option(
        3.0, "--seconds", metavar="SECONDS", help="How long each engine is timed.", min=0.01, rich_help_panel=RUNNING
    ),
    runs: int | None = typer.Option(
        None,
        "--runs",
        metavar="COUNT",
        help="So many runs of each engine instead of seconds.",
        min=1,
        rich_help_panel=RUNNING,
    ),
    warmup: int = typer.Option(
        5, "--warmup", metavar="COUNT", help="Runs of each engine before any counts.", min=0, rich_help_panel=RUNNING
    ),
    per_layer: bool = typer.Option(False, "--per-layer", help="Where the time goes, and which zeros were used."),
    calibrate: bool = typer.Option(
        False,
        "--calibrate",
        help="Without a ticket: measure what generated C costs here, for export and --set latency.",
    ),
    out: str | None = typer.Option(
        None, "-o", "--out", metavar="FILE", help="A JSON file for the result.", rich_help_panel=OUTPUT
    ),
    picture: str | None = typer.Option(
        None, "--picture", metavar="FILE", help="A picture of it: .png, .svg or .pdf.", rich_help_panel=OUTPUT
    ),
    set_: list[str] = settings.SET,
    overwrite: bool = settings.OVERWRITE,
    as_json: bool = JSON,
) -> None:
    """Time a ticket in several engines on this machine.

    They take turns, and what is said last is whether the ticket's zeros pay here. Ratios are to the best engines that
    multiply zeros, in int8 and in float32. With one engine its options are set by --set.
    """
    from tombola.benching import pinning
    from tombola.benching.asked import Questions
    from tombola.benching.bench import bench as timed
    from tombola.benching.picture import write_picture
    from tombola.benching.plain import plain
    from tombola.benching.table import lines
    from tombola.benching.turns import Plan
    from tombola.disks import written
    from tombola.engines._base import Setting
    from tombola.tasks._base import Task

    if calibrate:
        calibrated(threads, what, as_json=as_json)
        return
    if what is None:
        raise RequestError("bench what? Name a ticket, as in: tombola bench x.ticket")
    files = [fresh_file(name, overwrite=overwrite) for name in (out, picture) if name is not None]
    options = settings.settings(set_)
    of_model, of_task = settings.taken(options, "model", model), settings.taken(options, "task", task)
    engines = _engines(engine, options)
    cores = pinning.checked(pin, threads)
    target = None if of_task is None else Task.parse(of_task)
    network, masks, target = _network(what, of_model, target)
    result = timed(
        network,
        masks,
        engines,
        Setting(_shown(network, size, length, target), batch, threads),
        plan=Plan(seconds=seconds, runs=runs, warmup=warmup),
        questions=Questions(target, samples, per_layer, None if images is None else Path(images)),
        pin=cores,
        reporter=reporter(),
    )
    if out is not None:
        with written(Path(out)) as beside:
            beside.write_text(json.dumps(plain(result), indent=2) + "\n", encoding="utf-8")
    if picture is not None:
        write_picture(result, Path(picture))
    emit(as_json, plain(result), [*lines(result), *(f"{file}: {file.stat().st_size:,} bytes" for file in files)])


def calibrated(threads: int, what: str | None, *, as_json: bool) -> None:
    """``--calibrate``, which is about the machine alone."""
    from tombola.cli.calibrating import calibrate

    if what is not None:
        raise RequestError(f"--calibrate measures this machine, not {what}; leave the ticket out")
    calibrate(threads, as_json=as_json)


def _engines(names: list[str], options: dict[str, Any]) -> list["Engine"]:
    """The engines asked for, each once."""
    from tombola.engines._base import Engine

    if options and len(names) != 1:
        raise RequestError(f"--set {next(iter(options))}=... is of one engine; name it alone, as in --engine native")
    found = {engine.label: engine for engine in (Engine.parse({"name": name, **options}) for name in names)}
    return list(found.values())


def _network(what: str, model: Any, task: "Task | None") -> tuple["Network", "Masks", "Task | None"]:
    """The network with its values, its masks, and the task, both as they go together; no masks of what is no ticket."""
    from tombola import verbs
    from tombola.joining import whole
    from tombola.masks.masks import Masks
    from tombola.models.classes import in_order_of, masks_in_order_of
    from tombola.models.source import Source
    from tombola.tickets.ticket import Ticket

    require_ticket(what, model)
    if not what.endswith(".ticket"):
        classes = None if task is None else task.answers.outputs
        return Source.parse(what).load(num_classes=classes), Masks({}), task
    ticket = Ticket.load(what)
    network, masks = whole(ticket, model), ticket.masks
    if task is None:
        return network, masks, None
    task = verbs.shown(task, network)
    names = task.splits().classes
    network, masks = in_order_of(network, names), masks_in_order_of(masks, network, names)
    if not task.fits(network):
        raise RequestError(
            f"{what} has no head for this task; adapt it first: tombola transfer {what} --task ... -o adapted.ticket"
        )
    return network, masks, task


def _shown(network: "Network", size: int | None, length: int | None, task: "Task | None") -> "Shown":
    from tombola.models.showing import shown_to

    if task is not None and length is None:
        length = task.length
    return shown_to(network, side=size if size is not None or task is None else task.side, length=length)
