"""Where things go on a plot: tick values, the sparsity scale, labels that keep apart."""

from collections.abc import Sequence
from math import ceil, floor, log2, log10
from typing import Final

_LETTERS: Final = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e5, 1e3, "k"))
"""From which number on, what is counted, and its letter."""
_FLAT: Final = 1e-4


def ticks(low: float, high: float, about: int = 7) -> list[float]:
    """Round values from ``low`` to ``high``, steps of 1, 2, 5 or 10; ``about`` at most.

    >>> ticks(61.0, 98.0)
    [70.0, 80.0, 90.0]
    >>> ticks(61.0, 98.0, about=9)
    [65.0, 70.0, 75.0, 80.0, 85.0, 90.0, 95.0]
    """
    step = _round_step((high - low) / max(about - 1, 1))
    digits = max(0, -floor(log10(step)))
    return [round(k * step, digits) for k in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def said_ticks(values: Sequence[float]) -> list[tuple[float, str]]:
    """Each with the words beside it: thousands and millions by their letter where whole numbers would be long.

    >>> [said for _, said in said_ticks([0.0, 5e6, 1e7])], [said for _, said in said_ticks([-0.5, 0.0, 1500.0])]
    (['0', '5M', '10M'], ['−0.5', '0', '1,500'])
    """
    largest = max(map(abs, values), default=0.0)
    size, letter = next(((size, letter) for first, size, letter in _LETTERS if largest >= first), (1.0, ""))
    return [(value, f"{value / size:,g}".replace("-", "−") + (letter if value else "")) for value in values]


def padded(values: Sequence[float], unit: str) -> tuple[float, float]:
    """The range of ``values`` with a little air; per cent stay within 0 and 100, and a nearly flat range is opened.

    Numbers that differ in their fifth digit are the same to who looks at a picture.
    """
    low, high = min(values), max(values)
    largest = max(abs(low), abs(high), 1e-6)
    air = 0.06 * (high - low) if high - low > _FLAT * largest else 0.05 * largest
    low, high = low - air, high + air
    return (max(low, -1.0), min(high, 101.0)) if unit == "%" and 0 <= min(values) <= max(values) <= 100 else (low, high)


def kept_halvings(sparsity: float) -> float:
    """How often the kept weights were halved: 0 %, 50 %, 75 % stand 1 apart; 1/4096 kept is the end."""
    return -log2(max(1.0 - sparsity, 1 / 4096))


def spread_out(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions near ``wanted`` that are ``gap`` apart and, if they can be, between ``low`` and ``high``."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [0.0] * len(wanted)
    previous = low - gap
    for index in order:
        previous = placed[index] = max(wanted[index], previous + gap)
    limit = high + gap
    for index in reversed(order):
        limit = placed[index] = min(placed[index], limit - gap)
    return placed


def thinned(positions: Sequence[float], gap: float) -> list[int]:
    """The indices of positions (ascending) whose labels fit: the last always, the others if ``gap`` from the next."""
    kept: list[int] = []
    for index in reversed(range(len(positions))):
        if not kept or positions[kept[-1]] - positions[index] >= gap:
            kept.append(index)
    return kept[::-1]


def _round_step(rough: float) -> float:
    power = 10.0 ** floor(log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
