"""Every prior's means as a table, leads over the first one beside them: a line for each prior and level of the other
axes, a column a sparsity; below them what the controls reach."""

from collections.abc import Sequence
from itertools import product
from statistics import fmean

from results.evidence.floors import CONTROLS, floor
from results.evidence.leads import SPARSITY, lead

from tombola.rows import Row, Scalar

BASES = ("natural", "standard")
"""What the first prior of a study is called, over which the others may lead."""
NOT_JUDGED = ("feature_frechet_distance",)


def breakdown(rows: Sequence[Row], controls: Sequence[Row]) -> str:
    """The table; a star stands where the interval leaves 0 out. Empty where there is no natural prior."""
    rows = [row for row in rows if row.metric in _headlines(rows) and row.cell.get("prior") not in CONTROLS]
    base = next((str(row.cell["prior"]) for row in rows if row.cell.get("prior") in BASES), "")
    if not base:
        return ""
    sparsities = _levels(rows, SPARSITY)
    others = [axis for axis in rows[0].cell if axis not in ("prior", SPARSITY)]
    head = ["metric", *others, "prior", *(f"{100 * float(str(level)):g} %" for level in sparsities)]
    lines = [head, ["---"] * len(head)]
    for metric in _headlines(rows):
        for levels in product(*(_levels(rows, axis) for axis in others)):
            here = [row for row in rows if row.metric == metric and _at(row, others, levels)]
            first = [metric, *map(str, levels)]
            lines += [
                [*first, str(prior), *(_told(here, level, prior, base) for level in sparsities)]
                for prior in _levels(here, "prior")
            ]
            places = dict(zip(others, levels, strict=True))
            for control in CONTROLS:
                told = [_control(controls, metric, {**places, SPARSITY: level}, control) for level in sparsities]
                lines += [[*first, f"*{control}*", *told]] if any(told) else []
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _headlines(rows: Sequence[Row]) -> list[str]:
    """One metric a property, the first of its rows: the one it is called after."""
    first = {row.property: row.metric for row in reversed(rows)}
    return [
        metric
        for metric in dict.fromkeys(row.metric for row in rows)
        if metric in set(first.values()) - set(NOT_JUDGED)
    ]


def _levels(rows: Sequence[Row], axis: str) -> list[Scalar]:
    return list(dict.fromkeys(row.cell[axis] for row in rows))


def _at(row: Row, axes: Sequence[str], levels: Sequence[Scalar]) -> bool:
    return all(row.cell[axis] == level for axis, level in zip(axes, levels, strict=True))


def _told(rows: Sequence[Row], sparsity: Scalar, prior: Scalar, base: str) -> str:
    here = [row for row in rows if row.cell[SPARSITY] == sparsity]
    values = [row.value for row in here if row.cell["prior"] == prior]
    if not values:
        return ""
    mean = f"{fmean(values):.1f}"
    if prior == base:
        return mean
    found = lead(here, "prior", str(prior), base)
    return f"{mean} ({found.mean:+.1f}{'*' if found.sign else ''})"


def _control(rows: Sequence[Row], metric: str, levels: dict[str, Scalar], control: str) -> str:
    found = floor(rows, metric, [tuple(levels.items())])
    return f"{found[control]:.1f}" if control in found else ""
