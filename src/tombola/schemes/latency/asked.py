"""`Asked`: the latency a user asks for, a part of the dense one or milliseconds."""

import re
from dataclasses import dataclass
from typing import Any, Self

_MILLISECONDS = re.compile(r"(?P<number>\d+(\.\d*)?|\.\d+)\s*ms")


@dataclass(frozen=True)
class Asked:
    """``part`` of the dense latency, or ``seconds``; one of them is None.

    >>> Asked.of("3.5ms").seconds
    0.0035
    """

    part: float | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, value: Any) -> Self:
        """From a number between 0 and 1, or a text such as ``"3.5ms"``; raises ValueError for anything else."""
        found = _MILLISECONDS.fullmatch(value.strip()) if isinstance(value, str) else None
        if found and float(found["number"]) > 0:
            return cls(seconds=float(found["number"]) / 1000)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1:
            return cls(part=float(value))
        raise ValueError(
            "is neither a part of the dense latency, between 0 and 1, nor milliseconds; write latency=0.5 for half of"
            " it, or latency=3.5ms"
        )

    def target(self, dense: float) -> float:
        """Seconds, when the dense net takes so many."""
        return self.part * dense if self.part is not None else self.seconds or 0.0

    def text(self) -> str:
        """As it is written."""
        return f"{self.part:g}" if self.part is not None else f"{1000 * (self.seconds or 0.0):.15g}ms"
