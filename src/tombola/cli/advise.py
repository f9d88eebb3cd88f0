"""``tombola advise``: which prior, scheme, pattern and sparsity to try first on these data."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from tombola.cli import completing, settings
from tombola.cli.make import task_of
from tombola.cli.output import JSON, emit
from tombola.cli.shortcuts import task_in
from tombola.data._text_files import TABLES
from tombola.errors import RequestError

if TYPE_CHECKING:
    from tombola.advising.advice import Advice
    from tombola.advising.known import Features

ADAPTED = ("linear", "finetune")
SHOWN = 4


EXAMPLES: Final = (
    "tombola advise photos --model timm:resnet18.a1_in1k --sparsity 0.8",
    "tombola advise digits --model resnet8 --transfer linear --dense 96.4",
    "tombola advise photos --model torchvision:resnet18 --gap 8.9 --rows runs",
)


def advise(
    what: str = typer.Argument(
        metavar="EXAMPLES",
        help="Labelled examples: a folder a class, a table of texts, or a task (digits, ...).",
        autocompletion=completing.files(TABLES),
    ),
    model: str = typer.Option(..., "--model", metavar="MODEL", help="What tickets are to be drawn from."),
    sparsity: float | None = typer.Option(
        None, "--sparsity", metavar="SHARE", help="What is wanted.", min=0, max=0.999
    ),
    max_drop: float = typer.Option(5.0, "--max-drop", metavar="POINTS", help="Else: what it may cost.", min=0),
    transfer: str = typer.Option("finetune", "--transfer", metavar="WAY", help="linear or finetune."),
    gap: float | None = typer.Option(
        None, "--gap", metavar="DISTANCE", help="The Frechet distance of features to the source's.", min=0
    ),
    dense: float | None = typer.Option(
        None, "--dense", metavar="PERCENT", help="What the dense network reaches.", min=0, max=100
    ),
    rows: Path | None = typer.Option(
        None, "--rows", metavar="FOLDER", help="Results of your own, counted beside those that come with Tombola."
    ),
    set_: list[str] = settings.SET,
    as_json: bool = JSON,
) -> None:
    """Say what to try first, and what following such advice has cost on tasks it was not made from; runs nothing.

    From what was measured on a few sets of images with two small nets. Where that does not beat always doing the same,
    it says so and advises the same. --set task.size=160 and the like are for the task.
    """
    from tombola.advising.advice import advise as advised
    from tombola.advising.known import Features, found_in, shipped
    from tombola.models.source import Source

    if transfer not in ADAPTED:
        raise RequestError(f"--transfer {transfer}: write {' or '.join(ADAPTED)}")
    options = settings.settings(set_)
    given = settings.options_of_task(options, what)
    if options:
        raise RequestError(f"--set {next(iter(options))}=...: set options of the task, as in --set task.size=160")
    Source.parse(model)
    task = task_of(what, model, given)
    splits = task.splits()
    of = Features(len(splits.train), len(splits.classes), gap, dense, transfer)
    known = [*shipped(), *(found_in(rows) if rows is not None else [])]
    found = advised(known, of, sparsity, max_drop)
    sizes = [one.features.images for one in known if one.features.images]
    nets = "ResNet-8, -20 and -18" + (f"; and the rows in {rows}" if rows is not None else "")
    head = f"known: sets of {min(sizes):,} to {max(sizes):,} small images, {nets}; of texts nothing"
    emit(as_json, plain(found, of), [head, *lines(found, of, what, model)])


def lines(found: "Advice", of: "Features", what: str, model: str) -> Iterator[str]:
    """The advice for people: each choice with its reason, then the commands that try it."""
    from tombola.advising.nearest import BASES

    yield f"{what}: {of.images:,} to train on, {of.classes} classes"
    yield ""
    cost = "not measured" if found.cost is None else f"{found.cost:.1f} points below dense on the nearest set"
    yield f"sparsity  {found.sparsity:g} ({cost})"
    for one in found.choices:
        yield f"{one.axis:9} {one.level}"
        told = sorted(one.expected.items(), key=lambda pair: -pair[1])[:SHOWN]
        yield f"          expected over {BASES[one.axis]}: " + ", ".join(f"{level} {lead:+.1f}" for level, lead in told)
        yield f"          {one.why}"
    yield ""
    yield "try first:"
    yield from (f"  {command}" for command in commands(found, of, what, model))


def commands(found: "Advice", of: "Features", what: str, model: str) -> list[str]:
    """What to type: the ticket, and its transfer. A robust prior is a model to pretrain or to name before that."""
    scheme, on = found.of("scheme"), task_in(what) if Path(what).exists() else what
    options = ["" if found.of("pattern") == "element" else f" --pattern {found.of('pattern')}"]
    options += [" --set fit.objective=adversarial"] if scheme.startswith("A-IMP") else []
    place = f" --task {'SOURCE' if scheme.endswith('-US') else on}" if scheme != "OMP" else ""
    prior = found.of("prior")
    how = f"trained against {prior}" if prior.startswith(("linf ", "l2 ")) else f"called '{prior}' in those rows"
    first = [] if prior == "natural" else [f"# with a prior {how} as {model}"]
    name = "imp" if "IMP" in scheme else scheme.lower()
    return [
        *first,
        f"tombola draw {model} --scheme {name}{place} --sparsity {found.sparsity:g}{''.join(options)} -o first.ticket",
        f"tombola transfer first.ticket --task {on} --how {of.adapted} -o adapted.ticket",
    ]


def plain(found: "Advice", of: "Features") -> dict[str, Any]:
    """The advice for programs."""
    return {
        "images": of.images,
        "classes": of.classes,
        "sparsity": found.sparsity,
        "cost": found.cost,
        **{
            one.axis: {
                "level": one.level,
                "expected": dict(one.expected),
                "regret": dict(one.regret.by_policy),
                "tasks": one.regret.tasks,
                "beats always doing the same": one.regret.advice_wins,
            }
            for one in found.choices
        },
    }
