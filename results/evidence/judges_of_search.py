"""How claims about searching a sparse net are judged: SuperTickets. Written before any of their rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log
from statistics import fmean
from typing import Final

from results.evidence.judges import Finding, Judge, all_above, tasks_of
from results.evidence.leads import Lead, lead, lead_of, where
from results.evidence.wording import told_of

from tombola.rows import Row

SPARSITIES: Final = ("80%", "90%")
BEYOND: Final = 0.1
"""By this share of operations a curve is read beyond its ends, and no further."""
MARGIN: Final = -1.0
_FEWEST: Final = 3

Curves = Mapping[int, Mapping[str, tuple[float, float]]]
"""By seed and way of getting there, the operations and the accuracy of a net."""


def joint_over(other: str, *beside: str) -> Judge:
    """By joint nets' leads over another way's curve, read at their operations, at both sparsities: all must lead.

    What the curves of ``beside`` give is told.
    """

    def judge(rows: Sequence[Row]) -> Finding:
        curves = _curves(rows)
        runs = sum(map(len, curves.values()))
        leads = {f"joint over {other} at {sparsity}": _lead(curves, sparsity, other) for sparsity in SPARSITIES}
        known = {name: found for name, found in leads.items() if found is not None}
        if len(known) < len(leads):
            missing = ", ".join(name for name in leads if name not in known)
            return Finding("open", "accuracy", 1.0, known, f"too far from the curve to be read: {missing}", runs=runs)
        return replace(all_above(known, runs), numbers=tuple(_told(curves, beside)))

    return judge


def _told(curves: Curves, ways: Sequence[str]) -> list[str]:
    found = {f"{way} at {sparsity}": _lead(curves, sparsity, way) for way in ways for sparsity in SPARSITIES}
    return [f"joint over {name}: {told_of(one) if one else 'too far to be read'}" for name, one in found.items()]


def _curves(rows: Sequence[Row]) -> Curves:
    found: dict[int, dict[str, tuple[float, float]]] = defaultdict(dict)
    operations = {(row.seed, row.cell["way"]): row.value for row in where(rows, "macs")}
    for row in where(rows, "accuracy"):
        found[row.seed][str(row.cell["way"])] = operations[row.seed, row.cell["way"]], row.value
    return found


def _lead(curves: Curves, sparsity: str, other: str) -> Lead | None:
    """Seed by seed; None where fewer than three seeds can be read."""
    pairs = []
    for _, ways in sorted(curves.items()):
        operations, accuracy = ways[f"joint {sparsity}"]
        read = at([point for way, point in ways.items() if way.rpartition(" ")[0] == other], operations)
        pairs += [] if read is None else [(accuracy, read)]
    if len(pairs) < _FEWEST:
        return None
    means = (fmean(left for left, _ in pairs), fmean(right for _, right in pairs))
    return lead_of([left - right for left, right in pairs], means)


def at(curve: Sequence[tuple[float, float]], operations: float) -> float | None:
    """A curve's accuracy at so many operations, straight in their log; None far beyond its ends.

    >>> at([(1e6, 60.0), (4e6, 70.0)], 2e6), at([(1e6, 60.0), (4e6, 70.0)], 5e6)
    (65.0, None)
    """
    points = sorted(curve)
    if not points[0][0] * (1 - BEYOND) <= operations <= points[-1][0] * (1 + BEYOND):
        return None
    after = next((k for k, (macs, _) in enumerate(points[1:], 1) if macs >= operations), len(points) - 1)
    (fewer, low), (more, high) = points[after - 1], points[after]
    return low + log(operations / fewer) / log(more / fewer) * (high - low)


def serves_as_well(rows: Sequence[Row]) -> Finding:
    """By the SuperTicket's lead over the ticket drawn there, on each task: all must be above one point below 0."""
    asked = where(rows, "accuracy")
    leads = {
        f"{task}: SuperTicket over drawn there": lead(
            where(asked, "accuracy", task=task), "ticket", "SuperTicket", "drawn there"
        )
        for task in tasks_of(asked)
    }
    return all_above(leads, len(asked), bar=MARGIN)
