"""Up to which sparsity something holds, by intervals: the sparsest level that is shown, and the sparsest possible."""

from collections.abc import Mapping

from results.evidence.wording import per_cent

from tombola.verdicts.runs import Outcome


def bounds(by_level: Mapping[float, Outcome]) -> tuple[float, float]:
    """The sparsest level whose outcome is yes, and the sparsest whose is not no; 0 where there is none."""
    shown = (level for level, outcome in by_level.items() if outcome == "yes")
    possible = (level for level, outcome in by_level.items() if outcome != "no")
    return max(shown, default=0.0), max(possible, default=0.0)


def span_of(shown: float, possible: float) -> str:
    """Both in words."""
    return named(shown) if shown == possible else f"{named(shown)} shown, {named(possible)} possible"


def named(level: float) -> str:
    """A sparsity in words."""
    return per_cent(level) if level else "none"
