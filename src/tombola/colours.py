"""One colour and one marker a thing, in every picture: pages, files for papers, benches, races.

Eight tones that eyes without red or green cones tell apart too, and that stand out from white. What has a name here has
its tone wherever it is drawn; what has none takes a tone that is free in that picture.
"""

import re
from collections.abc import Sequence
from itertools import count
from typing import Final

NATURAL, ROBUST, STRIPE, ELEMENT, INT8, OTHER, BLOCK, DENSE = TONES = (
    "#0072b2", "#d14a1f", "#00a67a", "#cc79a7", "#c08a00", "#6d3b12", "#46278f", "#5a6370",
)  # fmt: skip
"""The tones on white, in the order of the page's ``--c0`` to ``--c7``."""

TICKET: Final = STRIPE
"""A ticket where it is not told which pattern it has."""

MARKERS: Final = "os^DvPXd"
"""Matplotlib's, one a tone, so that colour is never needed; the page draws the same shapes."""

INK, QUIET, LINE, PRUNED = "#1b1f24", "#5a6370", "#dfe3e8", "#dfe3e8"

_KNOWN: Final = {
    "natural": 0, "standard": 0, "robust": 1, "adversarial": 1, "pgd": 1, "fast": 1, "trades": 1, "linf": 1, "l2": 1,
    "stripe": 2, "element": 3, "int8": 4, "block": 6, "dense": 7, "float32": 7,
}  # fmt: skip


def tones(names: Sequence[str]) -> tuple[int, ...]:
    """A number a name, all different; modulo 8 it is the place of its tone in `TONES` and of its shape in `MARKERS`.

    >>> tones(["natural", "robust"]), tones(["linf 1/255", "natural"]), tones(["imp", "dense", "omp"])
    ((0, 1), (1, 0), (0, 7, 1))
    """
    found: dict[str, int] = {}
    for name in names:
        tone = _known(name)
        if tone is not None and tone not in found.values():
            found[name] = tone
    free = (tone for tone in count() if tone not in found.values())
    return tuple(found[name] if name in found else next(free) for name in names)


def net_tone(*, dense: bool, int8: bool) -> int:
    """The tone of a net beside others: a dense one in float32 or in int8, or a ticket."""
    return TONES.index((INT8 if int8 else DENSE) if dense else TICKET)


def _known(name: str) -> int | None:
    """By the first word (``stripe:4 matched``), or by one anywhere: ``openvino:int8``, ``smaller dense nets``."""
    words = re.findall(r"[a-z]+\d*", name.lower())
    anywhere = (_KNOWN[word] for word in ("int8", "dense") if word in words)
    return next(anywhere, _KNOWN.get(words[0]) if words else None)
