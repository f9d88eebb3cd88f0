"""Operations on rounded maps: each value is a whole number ``q`` of 0 to 255 that means ``scale * (q - zero)``.

A cell is four channels of one pixel, a byte each; a node's shape counts cells, (C / 4, H, W), the last one filled up.
Sums are whole numbers of 32 bits, so that what follows from a map is the same to the last bit whoever computes it:
one product, at most one more and one sum in float32, cut off, and the nearest whole number, of two the even one.
"""

from dataclasses import dataclass

from torch import Tensor

from tombola.graphs.ops import Activation, OfCells, Pair, Sides

CELL = 4
MOST = 255


@dataclass(frozen=True)
class Rounding:
    """How a map is rounded."""

    scale: float
    zero: int

    @property
    def least(self) -> int:
        """The smallest and, with `largest`, the largest ``q - zero``."""
        return -self.zero

    @property
    def largest(self) -> int:
        return MOST - self.zero


@dataclass(frozen=True, eq=False)
class EnterCells(OfCells):
    """The images as cells: ``x * scale + shift`` channel by channel, in steps of the map's scale."""

    scale: Tensor
    shift: Tensor
    zero: int


@dataclass(frozen=True, eq=False)
class ToCells(OfCells):
    """A map of floats, or a vector, rounded: ``x * factor`` in steps, where ``factor`` is 1 / scale."""

    factor: float
    zero: int


@dataclass(frozen=True, eq=False)
class FromCells(OfCells):
    """The floats that a rounded map means."""

    scale: float
    zero: int


@dataclass(frozen=True, eq=False)
class SideBySide(OfCells):
    """Pixels of ``channels`` bytes, fewer than a cell's, one behind the other as cells without a gap.

    Where the pixel (y, x) of the new map, which is of ``size``, begins in the old one is ``stride`` times (y, x) less
    ``before``; its first ``cells`` cells are the bytes from there on along the row, the next ones those a row below,
    ``rows`` rows in all. Outside the old map bytes are ``zero``.
    """

    channels: int
    rows: int
    cells: int
    size: Pair
    stride: Pair
    before: Pair
    zero: int


@dataclass(frozen=True, eq=False, kw_only=True)
class CellSums(OfCells):
    """A convolution of cells: int8 ``weight`` (out, in / groups, kh, kw) and int32 ``bias``, sums times ``factor``.

    ``entering`` is the zero of what it reads, which is in the bias already and stands in the border. ``places`` are
    those of ``weight`` that weights may be in, where some only fill it up; else all.
    """

    weight: Tensor
    bias: Tensor
    factor: Tensor
    entering: int
    stride: Pair = (1, 1)
    padding: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    tensor: str = ""
    places: int | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class CellConv(CellSums):
    """Sums as cells: cut off at ``least`` and ``largest`` (a ReLU is in them) before ``zero`` is added.

    ``added``: what a second input's steps are in its own steps, and that one's zero. With an ``activation`` the sums
    times ``factor`` are what it takes, and what it gives is counted in steps by ``step``.
    """

    zero: int
    least: int
    largest: int
    added: tuple[float, int] | None = None
    activation: Activation | None = None
    step: float = 1.0


@dataclass(frozen=True, eq=False, kw_only=True)
class CellFloats(CellSums):
    """Sums as floats, for what is not computed on cells; with ``residual`` a second input of floats is added first."""

    activation: Activation | None = None
    residual: bool = False


@dataclass(frozen=True, eq=False)
class CellLinear(OfCells):
    """``(weight @ q + bias) * factor`` of a rounded vector: floats; int8 weights, int32 sums."""

    weight: Tensor
    bias: Tensor
    factor: Tensor
    tensor: str = ""


@dataclass(frozen=True, eq=False)
class CellMax(OfCells):
    """The maximum of windows, byte by byte; every window holds a pixel. ``zero`` is the map's."""

    kernel: Pair
    stride: Pair
    padding: Sides = (0, 0, 0, 0)
    zero: int = 0


@dataclass(frozen=True, eq=False)
class CellGate(OfCells):
    """A map times a number a channel, a second input of floats (C, 1, 1), as a squeeze and excitation has it.

    ``factor``: what a step of the map is in steps of the result; ``entering`` and ``zero`` are their zeros.
    """

    factor: float
    entering: int
    zero: int


@dataclass(frozen=True, eq=False)
class CellMean(OfCells):
    """The mean of each channel as a float: the sum of ``q - zero``, times ``factor``."""

    factor: float
    zero: int
