"""``tombola export``: a ticket as files that other programs read."""

from pathlib import Path

import typer

from tombola.cli import families, settings
from tombola.cli.output import JSON, emit
from tombola.disks import require_writable


def export(
    ticket: str = typer.Argument(help="The .ticket file."),
    to: str = typer.Option(..., "--to", help=f"One of: {families.choices('exporters')}."),
    model: str | None = typer.Option(None, "--model", help="The pretrained model; default: the one the ticket names."),
    out: str = settings.OUT,
    set_: list[str] = settings.SET,
    as_json: bool = JSON,
) -> None:
    """Export a ticket applied to its model."""
    from tombola import verbs
    from tombola.exporters._base import Exporter

    require_writable(Path(out).absolute().parent)
    options = settings.settings(set_)
    base = settings.taken(options, "model", model)
    exporter = Exporter.parse({"name": to, **options})
    files = verbs.export(base, ticket, exporter, Path(out))
    sizes = {str(file): file.stat().st_size for file in files}
    emit(as_json, sizes, [*(f"{name}: {size:,} bytes" for name, size in sizes.items()), *exporter.told(files)])
