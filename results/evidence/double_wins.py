"""Which pretraining has the sparsest double win, by intervals: what is shown, and what is left open."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from results.evidence.leads import SPARSITY, where
from results.evidence.wording import per_cent

from tombola.rows import Row
from tombola.verdicts.matching import DoubleWin, double_win

PRIORS = ("standard", "fast", "adversarial")


def double_wins(rows: Sequence[Row]) -> tuple[Literal["for", "against", "open"], str, tuple[str, ...]]:
    """Which way the order of the priors' sparsest double wins leans, and it in words."""
    sparsities = sorted({float(str(row.cell[SPARSITY])) for row in rows})[1:]
    found = {prior: {level: _double_win(rows, prior, level) for level in sparsities} for prior in PRIORS}
    bounds = [_bounds(by_level) for by_level in found.values()]
    told = ", ".join(f"{prior} {_range(*span)}" for prior, span in zip(PRIORS, bounds, strict=True))
    means = ", ".join(f"{prior} {_named(_largest(by_level, _by_means))}" for prior, by_level in found.items())
    head = f"sparsest double win: {told}; measured at {', '.join(map(_named, sparsities))}"
    return _order(bounds), head, (f"by the means alone, as the papers count: {means}", *_parts(found))


def _by_means(one: DoubleWin) -> bool:
    return all(part.by_means == "yes" for part in one.parts.values())


def _double_win(rows: Sequence[Row], prior: str, sparsity: float) -> DoubleWin:
    def pair(metric: str, training: str) -> tuple[list[Row], list[Row]]:
        here = where(rows, metric, prior=prior, training=training)
        sparse, dense = (where(here, metric, draw__sparsity=level) for level in (sparsity, 0.0))
        return sparse, dense

    return double_win(
        pair("accuracy", "standard"), pair("accuracy", "adversarial"), pair("adversarial_accuracy", "adversarial")
    )


def _bounds(by_level: Mapping[float, DoubleWin]) -> tuple[float, float]:
    """The sparsest double win that is shown, and the sparsest that is not ruled out; 0 where there is none."""
    return _largest(by_level, lambda one: one.outcome == "yes"), _largest(by_level, lambda one: one.outcome != "no")


def _largest(by_level: Mapping[float, DoubleWin], counts: Callable[[DoubleWin], bool]) -> float:
    return max((level for level, one in by_level.items() if counts(one)), default=0.0)


def _order(bounds: Sequence[tuple[float, float]]) -> Literal["for", "against", "open"]:
    """For where the bounds leave no other order and not all three level, against where they rule the order out."""
    pairs = [(bounds[i], bounds[j]) for i in range(len(bounds)) for j in range(i + 1, len(bounds))]
    if any(first > last for (first, _), (_, last) in pairs):
        return "against"
    sure = all(last <= first for (_, last), (first, _) in pairs)
    return "for" if sure and bounds[-1][0] > bounds[0][1] else "open"


def _range(shown: float, possible: float) -> str:
    return _named(shown) if shown == possible else f"{_named(shown)} shown, {_named(possible)} possible"


def _named(level: float) -> str:
    return per_cent(level) if level else "none"


def _parts(found: Mapping[str, Mapping[float, DoubleWin]]) -> list[str]:
    """What stands against each double win that is not shown."""
    return [
        f"{prior} at {_named(level)}: {one.text}"
        for prior, by_level in found.items()
        for level, one in by_level.items()
        if one.outcome != "yes"
    ]
