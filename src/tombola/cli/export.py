"""``tombola export``: a ticket as files that other programs read."""

from pathlib import Path
from typing import Final

import typer

from tombola.cli import completing, families, settings
from tombola.cli.output import JSON, summarised
from tombola.cli.shortcuts import Chosen, shortcuts
from tombola.cli.work import OF_MODEL

EXAMPLES: Final = (
    "tombola export adapted.ticket --to native -o net",
    "tombola export adapted.ticket --to onnx --size 224 -o net.onnx",
    "tombola export adapted.ticket --to native --set arithmetic=int8 --set images=photos -o net8",
)


@shortcuts(Chosen("exporters", "to", ""), size="size")
def export(
    ticket: str = typer.Argument(help="The .ticket file.", autocompletion=completing.files(completing.TICKETS)),
    to: str = typer.Option(
        ...,
        "--to",
        metavar="FORM",
        help=f"{families.choices('exporters')}.",
        autocompletion=completing.members("exporters"),
    ),
    model: str | None = OF_MODEL,
    out: str = settings.OUT_OF_EXPORT,
    set_: list[str] = settings.SET,
    as_json: bool = JSON,
) -> None:
    """Write a ticket as files that other programs read."""
    from tombola import verbs
    from tombola.disks import require_writable
    from tombola.exporters._base import Exporter

    require_writable(Path(out).absolute().parent)
    options = settings.settings(set_)
    base = settings.taken(options, "model", model)
    exporter = Exporter.parse({"name": to, **options})
    files = verbs.export(base, ticket, exporter, Path(out))
    sizes = {str(file): file.stat().st_size for file in files}
    summarised(as_json, sizes, [*(f"{name}: {size:,} bytes" for name, size in sizes.items()), *exporter.told(files)])
