"""Numbers as the report writes them: the same digits in the page, the terminal and the picture."""

from tombola.report.curves import Measure, Summary


def number(value: float, unit: str = "", *, like: float | None = None) -> str:
    """One decimal for per cent, thousands in groups, small numbers with three decimals; as many as ``like`` would get.

    >>> number(91.249, "%"), number(12345.6), number(0.12345)
    ('91.2', '12,346', '0.123')
    """
    size = abs(value if like is None else like)
    if unit in ("%", "points"):
        return f"{value:.1f}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 100 else f"{value:.2f}" if size >= 10 else f"{value:.3f}"


def mean_and_spread(summary: Summary, unit: str) -> str:
    """``91.2 ± 0.4``; the mean alone for one seed."""
    mean = number(summary.mean, unit)
    return f"{mean} ± {number(summary.std, unit, like=summary.mean)}" if summary.n > 1 else mean


def difference_unit(unit: str) -> str:
    """The unit of a difference: per cent differ by points."""
    return "points" if unit == "%" else unit


def in_unit(measure: Measure) -> str:
    """``accuracy (%)``."""
    return f"{measure.label} ({measure.unit})" if measure.unit else measure.label


def in_points(measure: Measure) -> str:
    """``accuracy, points``: of differences."""
    unit = difference_unit(measure.unit)
    return f"{measure.label}, {unit}" if unit else measure.label


def signed(value: float, unit: str = "", *, like: float | None = None) -> str:
    """``+1.2``, ``−0.4``, and ``0.0`` for what rounds to nothing: a sign always, so that colour is not needed."""
    text = number(abs(value), unit, like=like)
    return text if not any(digit in text for digit in "123456789") else f"{'+' if value > 0 else '−'}{text}"


def percent(sparsity: float | None) -> str:
    """``95 %`` of 0.95; a dash where there is no sparsity."""
    return "–" if sparsity is None else f"{round(100 * sparsity, 4):g} %"


def duration(seconds: float) -> str:
    """``48 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
