"""How numbers stand in the pages: leads, p, tables."""

from collections.abc import Sequence

from results.evidence.leads import Lead


def told_of(found: Lead) -> str:
    """A lead as ``+1.23 (+0.40 to +2.06)``."""
    return f"{found.mean:+.2f} ({found.interval.low:+.2f} to {found.interval.high:+.2f})"


def p_of(p: float | None) -> str:
    """A p with three digits; a dash where there is none."""
    return "–" if p is None else "below 0.001" if p < 0.001 else f"{p:.3f}"


def effect(value: float | None) -> str:
    """An effect that could have been shown; a dash where none could."""
    return "–" if value is None else f"{value:.2f}"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def per_cent(level: float) -> str:
    """0.832 as ``83.2 %``."""
    return f"{100 * level:g} %"
