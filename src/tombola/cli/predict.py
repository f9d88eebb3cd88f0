"""``tombola predict``: what a finished model says of files."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from tombola.cli import completing, settings
from tombola.cli.commands import OUTPUT, RUNNING
from tombola.cli.failing import FAILED
from tombola.cli.output import JSON, emit, summarised
from tombola.cli.progress import reporter
from tombola.cli.work import fresh_file

if TYPE_CHECKING:
    from tombola.choices import Answer, Failed
    from tombola.predicting.predictor import Predictor
    from tombola.predicting.samples import Sample

EXAMPLES: Final = (
    "tombola predict adapted.ticket photos/new -o answers.csv",
    "tombola predict net.onnx cat.jpg dog.jpg --top 1",
    "tombola predict reviews.ticket new.csv --text comment",
)


def predict(
    what: str = typer.Argument(
        metavar="MODEL",
        help="An adapted .ticket, an .onnx file, a folder of tombola make or of export --to native, or hub:OWNER/NAME.",
        autocompletion=completing.files((*completing.TICKETS, ".onnx")),
    ),
    files: list[str] = typer.Argument(
        help="Images, or folders of them; of texts FILE.csv, .tsv, .jsonl, lines in .txt, a text, or - for stdin."
    ),
    top: int = typer.Option(5, "--top", metavar="COUNT", help="So many of the likeliest classes.", min=1),
    batch: int = typer.Option(32, "--batch", metavar="COUNT", help="Samples at once.", min=1, rich_help_panel=RUNNING),
    threads: int = typer.Option(
        1, "--threads", metavar="COUNT", help="Threads of ONNX Runtime, or of the C.", min=1, rich_help_panel=RUNNING
    ),
    tokenizer: str | None = typer.Option(
        None,
        "--tokenizer",
        metavar="FOLDER",
        help="Of texts: the folder of the model it was adapted from; without it, found again.",
    ),
    text: str | None = typer.Option(
        None, "--text", metavar="COLUMN", help="A table's column with the text; without it, as adapted with."
    ),
    second: str | None = typer.Option(
        None, "--second", metavar="COLUMN", help="The column with a pair's second text; without it, as adapted with."
    ),
    out: str | None = typer.Option(
        None, "-o", "--out", metavar="FILE", help="A CSV file for the answers.", rich_help_panel=OUTPUT
    ),
    overwrite: bool = settings.OVERWRITE,
    as_json: bool = JSON,
) -> None:
    """Say of which class files are.

    They are shown to the model as it was adapted. Exit code 1 where one cannot be read.
    """
    from tombola.choices import Failed
    from tombola.disks import written
    from tombola.predicting.loading import load

    path = None if out is None else fresh_file(out, overwrite=overwrite)
    model = load(what, tokenizer=tokenizer, threads=threads)
    found = _answered(model, list(_samples(model, files, text, second)), top, batch)
    failed = [one for one in found if isinstance(one, Failed)]
    if path is not None:
        with written(path) as beside:
            beside.write_text(table(found), encoding="utf-8", newline="")
    told = f"{out}: {len(found) - len(failed):,} answers"
    good = [str(one) for one in found if not isinstance(one, Failed)] if out is None else [told]
    say = emit if out is None else summarised
    say(as_json, [one.plain() for one in found], good)
    for one in failed:
        typer.echo(f"failed: {one}", err=True)
    if failed:
        typer.echo(f"{len(failed)} of {len(found)} could not be read", err=True)
        raise typer.Exit(FAILED)


def table(found: Sequence["Answer | Failed"]) -> str:
    """The answers as CSV, a line each: the file, the classes and how sure it is of each, and what went wrong."""
    from tombola.choices import Failed

    width = max((len(one.top) for one in found if not isinstance(one, Failed)), default=1)
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    names = [name for place in range(1, width + 1) for name in (f"label{place}", f"score{place}")]
    lines.writerow(["file", "label", "score", *names[2:], "error"])
    for one in found:
        if isinstance(one, Failed):
            lines.writerow([one.name, *[""] * (2 * width), one.reason])
        else:
            cells = [cell for choice in one.top for cell in (choice.label, f"{choice.score:.6f}")]
            lines.writerow([one.name, *cells, *[""] * (2 * (width - len(one.top))), ""])
    return text.getvalue()


def _samples(model: "Predictor", files: list[str], text: str | None, second: str | None) -> "Iterator[Sample | Failed]":
    from tombola.predicting.samples import Columns, images_of, texts_of

    if model.reads == "images":
        return images_of(files, model.told.where)
    adapted = model.told.adapted
    columns = Columns(text or adapted.of_data("text") or "text", second or adapted.of_data("second") or "text2")
    return texts_of(files, model.told.where, columns)


def _answered(
    model: "Predictor", samples: "Sequence[Sample | Failed]", top: int, batch: int
) -> "list[Answer | Failed]":
    """In the samples' order; those that failed before anything was asked stay what they are."""
    from tombola.choices import Failed

    asked = [one for one in samples if not isinstance(one, Failed)]
    with reporter().task(f"{Path(model.told.where).name}", len(asked), 0) as bar:
        found = iter(list(model.answers(asked, top=top, batch=batch, bar=bar)))
    return [one if isinstance(one, Failed) else next(found) for one in samples]
