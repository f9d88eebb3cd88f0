"""What a ticket that was drawn to a latency remembers and says of it."""

import re
from math import isfinite
from typing import Any, Protocol

from tombola.schemes.latency.search import Found


class Terms(Protocol):
    """What the scheme was told."""

    @property
    def threads(self) -> int: ...
    @property
    def machine(self) -> str: ...


def remembered(found: Found, terms: Terms, arithmetic: str) -> dict[str, Any]:
    """Plain JSON; with its ``target_ms``, ``costs`` and ``rest`` the scheme draws the same ticket again anywhere."""
    measured = found.best.measured
    return {
        "engine": "native",
        **({} if arithmetic == "float32" else {"arithmetic": arithmetic}),
        "machine": terms.machine,
        "threads": terms.threads,
        "target_ms": _ms(found.target),
        "dense_ms": _ms(found.dense),
        "predicted_ms": _ms(found.best.predicted),
        "measured_ms": None if measured is None else _ms(measured),
        "lambda": _price(found),
        "tries": [
            {
                "sparsity": item.masks.sparsity,
                "predicted_ms": _ms(item.predicted),
                "measured_ms": None if item.measured is None else _ms(item.measured),
            }
            for item in found.tries
        ],
        "costs": {
            f"^{re.escape(name)}$": [_ms(second) for second in curve.seconds]
            for name, curve in found.best.costs.layers.items()
        },
        "rest": _ms(found.best.costs.rest),
    }


def said(found: Found, terms: Terms, arithmetic: str) -> list[str]:
    """Lines about how it came out."""
    best, where = found.best, f"{terms.threads} thread{'s' if terms.threads > 1 else ''}"
    if best.masks.kept == best.masks.total:
        return [f"the dense net takes {1000 * found.dense:.3g} ms ({where}): nothing needs to be pruned"]
    predicted = f"{1000 * best.predicted:.3g} ms predicted ({best.predicted / found.dense:.1%} of the dense net)"
    measured = "not measured"
    if best.measured is not None:
        measured = f"{1000 * best.measured:.3g} ms measured ({best.measured / found.dense:.1%})"
    asked = f"dense {1000 * found.dense:.3g} ms, asked {1000 * found.target:.3g} ms"
    export = "the native export" if arithmetic == "float32" else f"the native export with arithmetic={arithmetic}"
    return [
        f"latency in {export}, {where}: {asked}, {predicted}, {measured}",
        f"lambda={_price(found)} a millisecond; {best.masks.sparsity:.2%} of the weights are pruned",
    ]


def _ms(seconds: float) -> float:
    return 1000 * seconds


def _price(found: Found) -> float | None:
    """Lambda, a millisecond; None where nothing but a floor is kept, whatever it is worth."""
    price = found.best.solution.price / 1000
    return float(f"{price:.6g}") if isfinite(price) else None
