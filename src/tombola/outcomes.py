"""Which test samples were told right: one bit a sample, as short text that stands in a result row.

Two networks that err on the same images differ by less chance than their two accuracies do, so verdicts pair them image
by image. That takes the same images in the same order: ``of`` names those.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

from tombola.errors import RowError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Z95: Final = 1.959963984540054
"""Of the normal distribution, so much lies within so many deviations: 95 %."""


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of which ``right`` of ``count`` samples were seen (Wilson, 1927).

    >>> [round(end, 4) for end in wilson(10, 10)], [round(end, 4) for end in wilson(50, 100)]
    ([0.7225, 1.0], [0.4038, 0.5962])
    """
    z2 = Z95**2
    middle = (right + z2 / 2) / (count + z2)
    half = Z95 / (count + z2) * sqrt(right * (count - right) / count + z2 / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Outcomes:
    """What became of each sample, in the samples' order."""

    of: str
    count: int
    bits: bytes

    @classmethod
    def made(cls, right: Iterable[bool], of: str) -> "Outcomes":
        """The outcomes of the samples that ``of`` names: the digest of images and targets, say."""
        import numpy as np

        table = np.fromiter(right, dtype=bool)
        return cls(of, len(table), np.packbits(table).tobytes())

    @classmethod
    def parse(cls, text: str) -> "Outcomes":
        """What `text` wrote; a `RowError` names what is wrong."""
        of, _, rest = text.partition(":")
        count, _, coded = rest.partition(":")
        try:
            found = cls(of, int(count), b64decode(coded, validate=True))
        except ValueError:
            raise RowError(f"outcomes {text[:24]!r}...: not NAME:COUNT:BITS in base64") from None
        if len(found.bits) != -(-found.count // 8):
            raise RowError(
                f"outcomes of {found.count} samples take {-(-found.count // 8)} bytes, not {len(found.bits)}"
            )
        return found

    @property
    def text(self) -> str:
        """A third of a byte more than a bit a sample."""
        return f"{self.of}:{self.count}:{b64encode(self.bits).decode()}"

    def table(self) -> "NDArray[np.bool_]":
        """True where a sample was told right."""
        import numpy as np

        return np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.count).astype(bool)
