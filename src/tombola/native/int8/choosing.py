"""`plan`: how a convolution of cells is computed: outputs of a list, vectors of a tile, where its pixels lie."""

import math
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from tombola.graphs.cells import CELL, CellSums
from tombola.graphs.ops import Conv
from tombola.native.choosing import Choice, Source, bands, reads_map
from tombola.native.geometry import Geometry, geometry
from tombola.native.int8.squares import SQUARE, Squares, squares
from tombola.native.layout import Layout, rounded
from tombola.native.tiling import even

Cells: TypeAlias = npt.NDArray[np.uint32]
Kept: TypeAlias = npt.NDArray[np.bool_]
"""Of every output, which cells survived."""
SIZES: Final = (1, 2, 4)
MOST: Final = {1: (14, 10, 10, 8), 2: (8, 5, 5, 4), 4: (5, 2, 2, 2), SQUARE: (4, 2, 2, 2)}
"""Vectors of a tile for vectors of 16, 8, 4 and 1 floats: what the registers hold beside weights and pixels."""
WIDTHS: Final = (16, 8, 4, 1)
WIDE: Final = 32
"""Outputs of a list where they lie in vectors, and pixels take turns."""
LANES: Final = 64
"""Cells from the first to behind the last of the pixels that take turns."""
TURNS: Final = 12
"""Pixels that take turns: their sums fill the registers of every machine."""
LOADS: Final = 1.4
"""What a vector of pixels costs that begins anywhere, where a product and a weight cost one (measured on a Zen 4)."""
LIST: Final = 30.0
"""The same of a list at a tile, whatever it has: its sums begin at the biases, and end in memory."""
EVEN: Final = 28.0
"""What a square, 256 products, costs at a vector of pixels that lie evenly (measured on a Xeon with AMX, model 207)."""
COPIED: Final = 40.0
"""The same where they are copied first."""
READ: Final = 95.0
"""What its weights cost, a thousand bytes, most of which no near cache holds when they are wanted. On maps of few
pixels this is what counts, so a layer there stays in lists unless 16 outputs share most of what they keep."""
USUAL: Final = 0.5
"""Of the longest text: how long a text is thought to be, where lists are chosen for every length."""


@dataclass(frozen=True, eq=False)
class Plan:
    """``cells`` (out, in / 4, kh, kw) are the weights, ``size`` outputs have a list, ``tiles`` are by `WIDTHS`.

    ``window`` is the convolution of cells for channels, whose weights are never read. ``halves`` of a vector of 16 are
    what a tile of lists of one output computes there: none behind the end of a map that it is all of. Where lists are
    of `WIDE` outputs, ``turns`` are the rows and the pixels of a row that take turns, and tiles say nothing. Where they
    are of `SQUARE`, ``squares`` are their survivors.
    """

    cells: Cells
    size: int
    window: Conv
    choice: Choice
    tiles: tuple[int, ...]
    halves: int
    place: Geometry
    turns: tuple[int, int] | None = None
    squares: Squares | None = None

    @property
    def survivors(self) -> int:
        """Cells that all lists have together."""
        return int((self.cells != 0).reshape(-1, self.size, self.cells[0].size).any(1).sum())


def plan(conv: CellSums, inp: Layout, out: Layout, tiles: bool = False) -> Plan:
    """What should be fastest from a map of cells laid out as ``inp`` to ``out``, where there are ``tiles`` or none."""
    cells = _cells(_spread(conv))
    window = _window(conv, cells)
    choice, place = _reading(window, inp, out)
    flat = (out.height if choice.by_rows or choice.source == "map" else choice.band) * place.line
    kept = (cells != 0).reshape(len(cells), -1)
    usual = flat if out.height > 1 else USUAL * flat
    size, work = _size(kept, usual)
    found = squares(kept, distances(inp, place), place.taps.size) if tiles else None
    if found is not None and (squared := _of_squares(found, usual)) < work:
        size, work = SQUARE, squared
    vectors = tuple(even(flat, most, width) for most, width in zip(MOST[size], WIDTHS, strict=True))
    halves = min(2 * vectors[0], -(-flat // (WIDTHS[0] // 2)))
    turns = _turns(kept, choice, out, place.line, work)
    choice = replace(choice, tile=MOST[size][0])
    size = size if turns is None else WIDE
    cells = np.pad(cells, ((0, -len(cells) % max(CELL, size)), (0, 0), (0, 0), (0, 0)))  # whole lists
    own = found if size == SQUARE else None
    return Plan(cells, size, window, replace(choice, block=size), vectors, halves, place, turns, own)


def distances(inp: Layout, place: Geometry) -> npt.NDArray[np.int64]:
    """Cells from a tile's first pixel to the one that each weight meets, by channel and kernel position."""
    return (np.arange(inp.channels)[:, None] * place.channel + place.taps.reshape(-1)).reshape(-1)


def _spread(conv: CellSums) -> npt.NDArray[np.int8]:
    """(out, in, kh, kw) of all groups, outputs and inputs filled up to whole cells."""
    weight = conv.weight.numpy()
    outputs, per_group = weight.shape[:2]
    own = outputs // conv.groups
    whole = np.zeros((rounded(outputs, CELL), rounded(per_group * conv.groups, CELL), *weight.shape[2:]), np.int8)
    for group in range(conv.groups):
        mine = slice(group * own, (group + 1) * own)
        whole[mine, group * per_group : (group + 1) * per_group] = weight[mine]
    return whole


def _cells(whole: npt.NDArray[np.int8]) -> Cells:
    """(out, cells, kh, kw): four input channels in one number, the first one lowest."""
    outputs, inputs, height, width = whole.shape
    last = np.ascontiguousarray(whole.reshape(outputs, inputs // CELL, CELL, height, width).transpose(0, 1, 3, 4, 2))
    return last.view("<u4").astype(np.uint32)[..., 0]


def _size(kept: Kept, flat: float) -> tuple[int, float]:
    """Outputs of a list that should be fastest, and what it costs: what they share is loaded once, what one lacks is
    multiplied too.

    Products and loads go side by side, so the slower ones count. Few pixels, as a short text has, share a survivor's
    weights and a list's beginning and end among few, so there lists of several outputs pay at any sparsity.
    """
    halves = max(1, math.ceil(flat / (WIDTHS[0] // 2)))

    def cost(size: int) -> float:
        vectors = halves / 2 if size == 1 else math.ceil(halves / 2)
        survivors, tile = int(kept.reshape(-1, size, kept.shape[1]).any(1).sum()), min(MOST[size][0], vectors)
        return (survivors * max(size * tile, LOADS * tile + size) + LIST * len(kept) / size) * vectors / tile

    best = min(SIZES, key=cost)
    return best, cost(best)


def _of_squares(found: Squares, flat: float) -> float:
    """What lists of squares cost; their sums begin and end in memory as those of four lists of four outputs do."""
    vectors = max(1, math.ceil(flat / WIDTHS[0]))
    beside = SQUARE / CELL * LIST * len(found.counts) / min(MOST[SQUARE][0], vectors)
    return READ * len(found.places) + vectors * (EVEN * found.even + COPIED * found.copied + beside)


def _turns(kept: Kept, choice: Choice, out: Layout, line: int, work: float) -> tuple[int, int] | None:
    """Rows and pixels of a row that take turns, where `WIDE` outputs in vectors should cost less than ``work``.

    A layer of which less than half is kept stays in lists: what it lacks would lie in the file. So do layers of one
    row, mostly of texts: they are of any length, and to turn what they give as floats takes longer than is won.
    """
    if out.height == 1 or not choice.by_rows or choice.band < out.height or kept.mean() < 0.5:
        return None
    pixels = _even(out.width, TURNS)
    rows = _even(out.height, TURNS // pixels) if pixels == out.width else 1
    if rows * line > LANES and rows > 1:
        return None
    groups = -(-out.height // rows) * -(-out.width // pixels)
    lists, turns = -(-len(kept) // WIDE), rows * pixels
    cost = groups * lists * (kept.shape[1] * max(2 * turns, turns + 2) + WIDE * turns / CELL + LIST * WIDE / CELL)
    return (rows, pixels) if cost < work else None


def _even(count: int, most: int) -> int:
    """As many at once as there may be, and all times almost as many."""
    return -(-count // -(-count // most))


def _window(conv: CellSums, cells: Cells) -> Conv:
    """A convolution of the same geometry, of cells for channels; its weights are never read."""
    weight = torch.empty(len(cells) // CELL, *cells.shape[1:])
    return Conv(weight, None, conv.stride, conv.padding, conv.dilation)


def _reading(window: Conv, inp: Layout, out: Layout) -> tuple[Choice, Geometry]:
    """How it reads its input, and where the pixels lie then: for lists of one output, as for all."""
    source: Source = "map" if reads_map(window, inp, out) else "phases"
    band, by_rows = bands(window, out)
    choice = Choice(1, MOST[1][0], source, band, inp.channels, by_rows)
    return choice, geometry(window, inp, out, choice)
