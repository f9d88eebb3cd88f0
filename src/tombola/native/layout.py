"""`Layout`: where the pixels of a map lie in memory.

A map of C channels lies as C planes. A plane is flat: rows of ``row = width + margin`` floats one after another, so
that the margin right of a row is the margin left of the next, and ``margin`` rows of zeros above and below. A shift by
(dy, dx) pixels is then one distance in floats, whatever the pixel. Whoever writes a map writes every float of its
planes: the pixels, and zeros everywhere else. Behind the last plane lies `SLACK`, which is read and never used.
"""

from dataclasses import dataclass

from tombola.graphs.cells import CellSums
from tombola.graphs.ops import Conv

SLACK = 1024
LINE = 16


def rounded(floats: int, to: int = LINE) -> int:
    """The next multiple of ``to``."""
    return -(-floats // to) * to


@dataclass(frozen=True)
class Layout:
    """The layout of a map of one image; a vector is a map of one pixel a channel and no margin, and contiguous."""

    channels: int
    height: int
    width: int
    margin: int = 0

    @property
    def contiguous(self) -> bool:
        """Whether the channels follow each other without anything between them."""
        return self.height == self.width == 1 and self.margin == 0

    @property
    def row(self) -> int:
        """Floats from a pixel to the one below it."""
        return self.width + self.margin

    @property
    def origin(self) -> int:
        """Floats from a plane's beginning to its first pixel; the first pixel stands at the beginning of a line."""
        return rounded(self.margin * self.row + self.margin)

    @property
    def plane(self) -> int:
        """Floats from a channel's plane to the next's: an odd number of lines, so that planes share no cache set."""
        if self.contiguous:
            return 1
        lines = rounded(self.origin + (self.height + self.margin) * self.row) // LINE
        return LINE * (lines | 1)

    @property
    def floats(self) -> int:
        """All floats of one image, the slack behind them included."""
        return rounded(self.channels * self.plane) + SLACK

    def position(self, channel: int, y: int, x: int) -> int:
        """Floats from the map's beginning to a pixel."""
        return channel * self.plane + self.origin + y * self.row + x


def margin_for(conv: Conv | CellSums) -> int:
    """The margin that lets a convolution of stride 1 read its input where it lies; any other works, by a copy."""
    return max(conv.padding) if conv.stride == (1, 1) else 0
