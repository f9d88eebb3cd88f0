"""``tombola verdict``: how sparse a ticket may get, and which prior is better, from result rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from tombola.cli import completing
from tombola.cli.output import JSON, Part, Table, emit
from tombola.cli.studies import SET, STORE, study_of
from tombola.errors import RequestError, near

if TYPE_CHECKING:
    from tombola.report.judged import Judged
    from tombola.rows import Row

EXAMPLES: Final = (
    "tombola verdict demo",
    "tombola verdict runs/demo/rows.jsonl --by scheme --where draw.sparsity=0.9",
)


def verdict(
    what: str = typer.Argument(
        metavar="STUDY",
        help="Result rows (.jsonl), a study file (.yaml) or a recipe's name.",
        autocompletion=completing.either(completing.recipes, completing.files((*completing.STUDIES, ".jsonl"))),
    ),
    dense: float = typer.Option(
        0.0, "--dense", metavar="SPARSITY", min=0.0, max=1.0, help="The sparsity whose runs are to be matched."
    ),
    margin: float = typer.Option(
        0.5, "--margin", metavar="POINTS", min=0.0, help="Points of a percentage that make no difference."
    ),
    by: str = typer.Option(
        "", "--by", metavar="AXIS", help="The axis whose levels are compared, as prior, scheme or pattern."
    ),
    where: list[str] = typer.Option(
        [], "--where", metavar="AXIS=LEVEL", help="Look at these rows only; may be repeated."
    ),
    set_: list[str] = SET,
    store: str = STORE,
    as_json: bool = JSON,
) -> None:
    """Say which sparsities match the dense net, and who wins.

    From the rows of a study; runs nothing.
    """
    from tombola.report.curves import read_results
    from tombola.report.judged import judge
    from tombola.rows import read_rows

    rows = _only(read_rows(Path(what)) if what.endswith(".jsonl") else _stored(what, set_, store), where)
    found = judge(read_results(rows, by), dense=dense, margin=margin)
    emit(as_json, [one.as_json() for one in found], _parts(found) or ["no results yet"])


def _parts(found: "Sequence[Judged]") -> list[Part]:
    """Where, a line a prior, a table of who wins; and once, below all, how the intervals were found."""
    from tombola.report.judged import CONTEST

    parts: list[Part] = []
    for one in found:
        rows = one.contests()
        parts += [*one.lines(), *([Table(CONTEST, rows, right=("sparsity", "seeds"))] if rows else []), ""]
    methods = dict.fromkeys(method for one in found for method in one.methods())
    return [*parts, *(f"interval: {method}" for method in methods)]


def _stored(study: str, set_: list[str], store: str) -> "Sequence[Row]":
    """The rows the store has of a study."""
    from tombola.study.plan import Plan
    from tombola.study.run import collect
    from tombola.study.store import Store

    kept = Store.at(store)
    kept.require_readable()
    return tuple(collect(Plan.of(study_of(study, set_)), kept))


def _only(rows: "Sequence[Row]", where: Sequence[str]) -> "Sequence[Row]":
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
