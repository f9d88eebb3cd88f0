"""``tombola verdict``: how sparse a ticket may get, and which prior is better, from result rows."""

from collections.abc import Sequence
from pathlib import Path

import typer

from tombola.cli import settings
from tombola.cli.output import JSON, emit
from tombola.cli.studies import STORE, study_of
from tombola.errors import RequestError, near
from tombola.rows import Row, read_rows


def verdict(
    what: str = typer.Argument(help="Result rows (.jsonl), a study file (.yaml) or a recipe's name."),
    dense: float = typer.Option(0.0, "--dense", min=0.0, max=1.0, help="The sparsity whose runs are to be matched."),
    margin: float = typer.Option(0.5, "--margin", min=0.0, help="Points of a percentage that make no difference."),
    by: str = typer.Option("", "--by", help="The axis whose levels are compared, as prior, scheme or pattern."),
    where: list[str] = typer.Option([], "--where", help="AXIS=LEVEL: look at these rows only; may be repeated."),
    set_: list[str] = settings.SET,
    store: str = STORE,
    as_json: bool = JSON,
) -> None:
    """Say which sparsities match the dense network, and which prior wins where; runs nothing."""
    from tombola.report.curves import read_results
    from tombola.report.judged import judge

    rows = _only(read_rows(Path(what)) if what.endswith(".jsonl") else _stored(what, set_, store), where)
    found = judge(read_results(rows, by), dense=dense, margin=margin)
    lines = [line for one in found for line in [*one.lines(), ""]]
    emit(as_json, [one.as_json() for one in found], lines[:-1] or ["no results yet"])


def _stored(study: str, set_: list[str], store: str) -> Sequence[Row]:
    """The rows the store has of a study."""
    from tombola.study.plan import Plan
    from tombola.study.run import collect
    from tombola.study.store import Store

    kept = Store.at(store)
    kept.require_readable()
    return tuple(collect(Plan.of(study_of(study, set_)), kept))


def _only(rows: Sequence[Row], where: Sequence[str]) -> Sequence[Row]:
    """The rows at these levels of these axes; an axis may go by its last part."""
    for text in where:
        axis, given, level = text.partition("=")
        names = sorted({name for row in rows for name in row.cell})
        found = [name for name in names if axis in (name, name.rpartition(".")[2])]
        if not given or not found:
            known = f"{near(axis, names)} (the rows have: {', '.join(names)})"
            raise RequestError(f"--where {text}: write AXIS=LEVEL with an axis of the rows{known}")
        levels = sorted({str(row.cell.get(found[0])) for row in rows})
        if level not in levels:
            raise RequestError(
                f"--where {text}: {found[0]} has no such level{near(level, levels)} ({', '.join(levels)})"
            )
        rows = [row for row in rows if str(row.cell.get(found[0])) == level]
    return rows
