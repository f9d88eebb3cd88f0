"""``tombola draw``: draw a ticket from a model into a .ticket file."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import typer

from tombola.cli import completing, families, settings
from tombola.cli.commands import OUTPUT
from tombola.cli.failing import FAILED, INTERRUPTED
from tombola.cli.output import JSON, summarised
from tombola.cli.shortcuts import Chosen, shortcuts
from tombola.cli.studies import STORE, say_failed
from tombola.cli.ticket_page import brief
from tombola.cli.tracking import trackable
from tombola.cli.work import MODEL, TASK, VALUES, fresh_file, session
from tombola.errors import RequestError

if TYPE_CHECKING:
    from tombola.models.source import Source
    from tombola.schemes._base import Scheme
    from tombola.tasks._base import Task
    from tombola.tickets.ticket import Ticket


EXAMPLES: Final = (
    "tombola draw torchvision:resnet18@IMAGENET1K_V1 --sparsity 0.9 -o x.ticket",
    "tombola draw path:net.safetensors --scheme imp --task digits --epochs 5 -o imp.ticket",
    "tombola draw timm:resnet18 --pattern stripe:4 --budget uniform -o fast.ticket",
)


@trackable
@shortcuts(
    Chosen("schemes", "scheme", "omp"),
    sparsity="sparsity",
    pattern="pattern",
    budget="budget",
    score="score",
    data="task",
    size="task.size",
    epochs="fit.epochs",
    lr="fit.optimizer.lr",
    batch="fit.batch",
)
def draw(
    model: str = MODEL,
    scheme: str | None = typer.Option(
        None,
        "--scheme",
        metavar="SCHEME",
        help=f"How: {families.choices('schemes')}; without it omp, or latency where that is set.",
        autocompletion=completing.members("schemes"),
    ),
    task: str | None = TASK,
    self_contained: bool = typer.Option(
        False, "--self-contained", help="Keep the surviving values in the ticket.", rich_help_panel=OUTPUT
    ),
    values: str = VALUES,
    out: str = settings.OUT,
    set_: list[str] = settings.SET,
    seed: int = settings.SEED,
    device: str = settings.DEVICE,
    store: str = STORE,
    overwrite: bool = settings.OVERWRITE,
    as_json: bool = JSON,
) -> None:
    """Draw a ticket: which weights stay.

    A scheme that trains leaves every level in the store: killed, the same command continues at its level, and a longer
    ladder begins where a shorter one ended.
    """
    from tombola.models.source import Source
    from tombola.schemes._base import Scheme
    from tombola.tasks._base import Task
    from tombola.tickets.table import summarise
    from tombola.tickets.ticket import Ticket

    path = fresh_file(out, overwrite=overwrite)
    options = settings.settings(set_)
    source, of_task = (settings.taken(options, name, text) for name, text in (("model", model), ("task", task)))
    how, source = Scheme.parse({"name": _scheme(scheme, options), **options}), Source.parse(source)
    target = None if of_task is None else Task.parse(of_task)
    ticket = _drawn(source, how, target, seed, device, store)
    if self_contained and ticket.weights is None:
        ticket = Ticket.of(source.load(seed=seed).body, ticket.masks, ticket.lineage, keep_values=True)
    ticket.save(path, values=values, overwrite=overwrite)
    summary = summarise(path)
    first, *rest = brief(summary)
    summarised(as_json, summary.as_json(), [f"{path}: {first}", *rest, f"all of it: tombola show {path}"])


def _scheme(named: str | None, options: Mapping[str, Any]) -> str:
    """The scheme that was named, or the one that the options are of."""
    if "latency" in options and named not in (None, "latency"):
        raise RequestError(
            f"latency={options['latency']} is no option of scheme {named}: leave --scheme {named} out, and the ticket"
            " is drawn to the latency in one shot"
        )
    if "latency" in options and "sparsity" in options:
        raise RequestError("latency and sparsity: the one follows from the other; leave one of them out")
    if named is not None:
        return named
    return "latency" if "latency" in options else "omp"


def _drawn(source: "Source", how: "Scheme", target: "Task | None", seed: int, device: str, store: str) -> "Ticket":
    """The ticket: at once where nothing is trained, else through the store."""
    from tombola import verbs

    chain = how.chain()
    looks = any(rung.needs_task for rung in chain)
    if looks and target is None:
        raise RequestError(f"scheme {how.name} looks at a task: write --task digits, or another task's name")
    if not looks or target is None:
        return verbs.draw(source.load(seed=seed), how, task=target, seed=seed, session=session(None, device))
    return _climbed(source, how, target, seed, device, store)


def _climbed(source: "Source", how: "Scheme", target: "Task", seed: int, device: str, store: str) -> "Ticket":
    from tombola.cli.progress import reporter
    from tombola.study.ladder import Ladder
    from tombola.study.store import Store

    kept, ladder, told = Store.at(store), Ladder.of(source, how, target, seed), reporter()
    kept.require_readable()
    tally = ladder.tally(kept)
    told.note(f"plan: draw {tally.total} stages, {tally.cached} in the store, {tally.to_run} to run")
    outcome = ladder.climb(kept, device=device, reporter=told)
    say_failed(outcome)
    if outcome.failed:
        raise typer.Exit(FAILED)
    if outcome.interrupted:
        typer.echo("interrupted; finished levels are kept, the same command continues", err=True)
        raise typer.Exit(INTERRUPTED)
    return ladder.ticket(kept)
