"""``tombola report``: the page of a study from its stored rows, however far it is."""

import json
from pathlib import Path
from typing import Final

import typer

from tombola.cli.commands import OUTPUT
from tombola.cli.output import JSON, summarised
from tombola.cli.shortcuts import shortcuts
from tombola.cli.studies import OUT, SET, STORE, STUDY, command_of, place, require_place, study_of

EXAMPLES: Final = ("tombola report demo", "tombola report study.yaml --by scheme --picture curves.svg")


@shortcuts(sparsity="draw.sparsity")
def report(
    study: str = STUDY,
    set_: list[str] = SET,
    store: str = STORE,
    out: Path = OUT,
    png: Path | None = typer.Option(
        None,
        "--picture",
        "--png",
        metavar="FILE",
        help="The sparsity curves too, by the file's ending: .png, .svg or .pdf.",
        rich_help_panel=OUTPUT,
    ),
    by: str = typer.Option(
        "", "--by", metavar="AXIS", help="The axis whose levels are compared, as prior, scheme or pattern."
    ),
    as_json: bool = JSON,
) -> None:
    """Write a study's page from what the store has of it.

    However far it is; runs nothing.
    """
    from tombola.report.about import About
    from tombola.report.curves import read_results
    from tombola.report.page import write_report
    from tombola.report.picture import write_picture
    from tombola.report.table import text_table
    from tombola.study.plan import Plan
    from tombola.study.run import collect, write_result
    from tombola.study.store import Store

    wanted, kept = study_of(study, set_), Store.at(store)
    require_place(out, wanted)
    kept.require_readable()
    rows = collect(Plan.of(wanted), kept)
    read_results(rows, by)  # which refuses an axis that is not there, before anything is written
    about = {"commands": [command_of(study, set_)], **_about(out / wanted.name, wanted.name), "by": by}
    files = [] if png is None else [write_picture(rows, png, by=by, made=About.of(about).made)]
    folder = place(out, wanted)
    write_result(tuple(rows), folder / "rows.jsonl")
    page = write_report(rows, about, folder / "report.html")
    files = [page, *files]
    lines = [text_table(rows), "", *(f"{'report' if file == page else 'picture'}: {file}" for file in files)]
    summarised(as_json, {"rows": len(rows), "files": [str(file) for file in files]}, lines)


def _about(folder: Path, name: str) -> dict[str, object]:
    """What the last run of the study left beside its rows."""
    try:
        found = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"name": name}
    return found if isinstance(found, dict) else {"name": name}
