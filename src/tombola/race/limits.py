"""What a net may take at most to be shipped: milliseconds a run, and bytes of its files."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from typing import Final, Protocol, Self

from tombola.errors import RequestError

_NUMBER: Final = r"(\d+(?:\.\d*)?|\.\d+)\s*"
_TIME: Final = re.compile(_NUMBER + r"(ms|us|s)")
_SIZE: Final = re.compile(_NUMBER + r"(B|kB|KB|MB|GB)?")
_MS: Final = {"s": 1e3, "ms": 1.0, "us": 1e-3}
_BYTES: Final = {"B": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9}
_SUCH_AS: Final = "4MB or 500kB"


class Costly(Protocol):
    """A net in an engine, as far as limits go."""

    @property
    def engine(self) -> str: ...
    @property
    def ms(self) -> float: ...
    @property
    def bytes(self) -> int: ...


@dataclass(frozen=True)
class Limits:
    """None allows everything."""

    ms: float | None = None
    bytes: int | None = None

    @classmethod
    def of(cls, latency: str | None = None, size: str | None = None) -> Self:
        """From what a user writes; raises `RequestError` with what may be written.

        >>> Limits.of("2ms", "1.5MB")
        Limits(ms=2.0, bytes=1500000)
        """
        return cls(
            None if latency is None else _read(latency, _TIME, _MS, "--latency", "2ms or 500us"),
            None if size is None else _whole_bytes(size),
        )

    def __bool__(self) -> bool:
        return self.ms is not None or self.bytes is not None

    def __str__(self) -> str:
        ms = "" if self.ms is None else _fixed(f"{self.ms:g}") + " ms"
        size = "" if self.bytes is None else f"{self.bytes:,} bytes"
        return " and ".join(part for part in (ms, size) if part)

    def allow(self, one: Costly) -> bool:
        """Whether it takes no more."""
        return self.over(one) <= 1

    def over(self, one: Costly) -> float:
        """How many times what is allowed it takes: of time or of bytes, whichever is further off; 0 without limits."""
        parts = [0.0 if self.ms is None else one.ms / self.ms, 0.0 if self.bytes is None else one.bytes / self.bytes]
        return max(parts)

    def require(self, known: Mapping[str, Sequence[Costly]]) -> None:
        """Raise the `RequestError` of limits that nobody keeps, which names the nearest and what to write for it."""
        nearest = min(_each(known), key=lambda named: self.over(named[1]), default=None)
        if nearest is not None and not self.allow(nearest[1]):
            label, one = nearest
            took = _fixed(f"{one.ms:.3g}")
            raise RequestError(
                f"nothing here keeps to {self}; the nearest is {label}, run by {one.engine}: {took} ms,"
                f" {one.bytes:,} bytes. Write {' '.join(self._wider(one))}, a smaller --model, or smaller samples"
            )

    def _wider(self, one: Costly) -> list[str]:
        """What to write so that it is allowed, a tenth above what it takes."""
        time = [] if self.ms is None else [f"--latency {_fixed(_above(self.ms, one.ms))}ms"]
        size = [] if self.bytes is None else [f"--bytes {max(self.bytes, round(1.1 * one.bytes))}"]
        return [*time, *size]


NONE: Final = Limits()


def _above(limit: float, ms: float) -> Decimal:
    """A tenth more than a net takes, or the limit where that is more; three digits, never rounded down."""
    wider = max(Decimal(str(limit)), Decimal("1.1") * Decimal(str(ms)))
    return Context(prec=3, rounding=ROUND_CEILING).plus(wider)


def _fixed(number: str | Decimal) -> str:
    """A number as `Limits.of` reads it back: without an exponent, or zeros behind the point.

    >>> _fixed("1.5e+03"), _fixed("0.50")
    ('1500', '0.5')
    """
    return f"{Decimal(number).normalize():f}"


def _each(known: Mapping[str, Sequence[Costly]]) -> Iterable[tuple[str, Costly]]:
    return ((label, one) for label, some in known.items() for one in some)


def _whole_bytes(text: str) -> int:
    found = int(_read(text, _SIZE, _BYTES, "--bytes", _SUCH_AS))
    if found < 1:
        raise RequestError(f"--bytes {text}: is less than one byte; write its unit too, as in --bytes {_SUCH_AS}")
    return found


def _read(text: str, form: re.Pattern[str], units: Mapping[str, float], option: str, such_as: str) -> float:
    found = form.fullmatch(text.strip())
    value = 0.0 if found is None else float(found[1]) * units[found[2] or "B"]
    if value <= 0:
        raise RequestError(f"{option} {text}: is no amount above 0; write it as in {option} {such_as}")
    return value
