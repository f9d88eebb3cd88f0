"""Which pretraining has the sparsest double win, by intervals: what is shown, and what is left open."""

from collections.abc import Mapping, Sequence
from typing import Literal

from results.evidence.bounds import bounds, named, span_of
from results.evidence.leads import SPARSITY, where

from tombola.rows import Row
from tombola.verdicts.matching import DoubleWin, double_win

PRIORS = ("standard", "fast", "adversarial")


def double_wins(rows: Sequence[Row]) -> tuple[Literal["for", "against", "open"], str, tuple[str, ...]]:
    """Which way the order of the priors' sparsest double wins leans, and it in words."""
    sparsities = sorted({float(str(row.cell[SPARSITY])) for row in rows})[1:]
    found = {prior: {level: _double_win(rows, prior, level) for level in sparsities} for prior in PRIORS}
    ends = [bounds({level: one.outcome for level, one in by_level.items()}) for by_level in found.values()]
    told = ", ".join(f"{prior} {span_of(*ends_of)}" for prior, ends_of in zip(PRIORS, ends, strict=True))
    means = ", ".join(f"{prior} {named(_by_means(by_level))}" for prior, by_level in found.items())
    head = f"sparsest double win: {told}; measured at {', '.join(map(named, sparsities))}"
    return _order(ends), head, (f"by the means alone, as the papers count: {means}", *_parts(found))


def _by_means(by_level: Mapping[float, DoubleWin]) -> float:
    won = [level for level, one in by_level.items() if all(part.by_means == "yes" for part in one.parts.values())]
    return max(won, default=0.0)


def _double_win(rows: Sequence[Row], prior: str, sparsity: float) -> DoubleWin:
    def pair(metric: str, training: str) -> tuple[list[Row], list[Row]]:
        here = where(rows, metric, prior=prior, training=training)
        sparse, dense = (where(here, metric, draw__sparsity=level) for level in (sparsity, 0.0))
        return sparse, dense

    return double_win(
        pair("accuracy", "standard"), pair("accuracy", "adversarial"), pair("adversarial_accuracy", "adversarial")
    )


def _order(ends: Sequence[tuple[float, float]]) -> Literal["for", "against", "open"]:
    """For where the bounds leave no other order and not all three level, against where they rule the order out."""
    pairs = [(ends[i], ends[j]) for i in range(len(ends)) for j in range(i + 1, len(ends))]
    if any(first > last for (first, _), (_, last) in pairs):
        return "against"
    sure = all(last <= first for (_, last), (first, _) in pairs)
    return "for" if sure and ends[-1][0] > ends[0][1] else "open"


def _parts(found: Mapping[str, Mapping[float, DoubleWin]]) -> list[str]:
    """What stands against each double win that is not shown."""
    return [
        f"{prior} at {named(level)}: {one.text}"
        for prior, by_level in found.items()
        for level, one in by_level.items()
        if one.outcome != "yes"
    ]
