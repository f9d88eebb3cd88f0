"""`Squares`: the survivors of lists of 16 outputs, 16 at a time, as processors with tiles multiply them.

What is zero in all 16 outputs is left out, and what is left of a list is filled up with zeros to whole squares.
Survivors go kernel position by kernel position, channel after channel: in a dense layer of 64 channels and more those
of a square lie evenly then, and a tile loads them where they are.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tombola.native.packed import Array

SQUARE: Final = 16
"""Outputs of a list, and survivors of a square."""


@dataclass(frozen=True, eq=False)
class Squares:
    """``which`` (squares, 16) are indices into an output's cells, -1 behind a list's last; ``counts`` are by list.

    ``places`` (squares, 17) say how many cells each lies behind a tile's first pixel, and from one to the next where
    they lie evenly, else 0.
    """

    which: npt.NDArray[np.int64]
    places: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]

    @property
    def even(self) -> int:
        """Squares that are loaded where they lie."""
        return int((self.places[:, SQUARE] != 0).sum())

    @property
    def copied(self) -> int:
        """Squares that are not."""
        return len(self.places) - self.even


def squares(kept: npt.NDArray[np.bool_], distances: npt.NDArray[np.int64], taps: int) -> Squares:
    """Of lists of 16 outputs; ``kept`` (outputs, cells) is by channel and kernel position, as ``distances`` are."""
    outputs, cells = kept.shape
    filled = np.pad(kept, ((0, -outputs % SQUARE), (0, 0)))
    order = np.arange(cells).reshape(-1, taps).T.reshape(-1)
    lists = np.asarray(filled.reshape(-1, SQUARE, cells).any(axis=1))[:, order]
    rows = [_rows(order[alive]) for alive in lists]
    which = np.concatenate(rows)
    places = np.where(which < 0, 0, distances[which])
    gaps = np.diff(places, axis=1)
    even = (which >= 0).all(axis=1) & (gaps == gaps[:, :1]).all(axis=1)
    stride = np.where(even, gaps[:, 0], 0)
    return Squares(which, np.column_stack([places, stride]).astype(np.int32), np.array([*map(len, rows)]))


def _rows(survivors: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Sixteen in a row, -1 behind the last."""
    return np.pad(survivors, (0, -len(survivors) % SQUARE), constant_values=-1).reshape(-1, SQUARE)


def streams(cells: npt.NDArray[np.uint32], found: Squares) -> tuple[Array, Array, Array]:
    """Values (by list, square, output, survivor), places as pairs of 16 bits, and counts, as C reads them.

    ``cells`` (outputs, cells) are filled up to whole lists.
    """
    lists = np.repeat(np.arange(len(found.counts)), found.counts)
    there = np.pad(cells, ((0, 0), (0, 1))).reshape(len(found.counts), SQUARE, -1)  # a zero for -1
    values = there[lists[:, None, None], np.arange(SQUARE)[None, :, None], found.which[:, None, :]]
    if found.counts.max(initial=0) > np.iinfo(np.uint16).max:
        raise OverflowError("a list has more squares than a count holds")
    places = np.ascontiguousarray(found.places.astype("<i4")).view("<i2").astype(np.int16)
    return values.reshape(-1), places.reshape(-1), found.counts.astype(np.uint16)
