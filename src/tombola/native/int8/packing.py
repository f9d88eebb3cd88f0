"""`pack_cells`: a convolution's rounded weights as the cells and numbers that `c/cells_conv.h` reads.

Four input channels are one cell of a map and of the weights; four outputs, a quad, are one cell of what comes out. A
list has the survivors of 1, 2 or 4 outputs of a quad: what is zero in all of them is left out. Grouped convolutions are
such of all channels whose other weights are zeros.
"""

import struct
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from tombola.graphs.cells import CELL, CellConv, CellFloats, CellLinear, CellSums
from tombola.graphs.ops import Conv
from tombola.native.choosing import Choice, Source, bands, reads_map
from tombola.native.geometry import geometry
from tombola.native.layout import SLACK, Layout, rounded
from tombola.native.packed import ACTIVATIONS, Array, Packed
from tombola.native.packing import numbers, stream

SIZES: Final = (1, 2, 4)
MOST: Final = {1: (14, 10, 10, 8), 2: (8, 5, 5, 4), 4: (5, 2, 2, 2)}
"""Vectors of a tile for vectors of 16, 8, 4 and 1 floats: what the registers hold beside weights and pixels."""
WIDTHS: Final = (16, 8, 4, 1)
LOAD, SURVIVOR = 0.5, 1.0  # cycles of a vector of pixels, and of a survivor beside them; a product is one


def pack_cells(conv: CellSums, inp: Layout, out: Layout) -> Packed:
    """The convolution from a map of cells laid out as ``inp`` to ``out``."""
    cells = _cells(_spread(conv))
    size = _size(cells)
    window = _window(conv, cells)
    choice, tiles = _choice(window, inp, out, size)
    place = geometry(window, inp, out, choice)
    less = tuple(max(1, vectors - 1) for vectors in tiles)
    lists = np.arange(len(cells)).reshape(-1, size)
    far = (choice.channels - 1) * place.channel
    distances = (np.arange(inp.channels)[:, None] * place.channel + place.taps.reshape(-1)).reshape(-1)
    within = np.argsort(distances, kind="stable")
    values, steps, counts = stream(
        cells.reshape(len(cells), -1)[:, within], lists, distances[within], len(distances), far
    )
    views = {"conv.views": np.array(place.views, np.int32).reshape(-1)} if place.views else {}
    scratch = rounded(inp.channels * len(place.views) * place.view_plane) + SLACK
    return Packed(
        "cells",
        {
            **{f"conv.{name}": number for name, number in numbers(window, inp, out, choice, place).items()},
            "conv.rows": len(cells) // CELL,
            "conv.border": _filled(conv.entering),
            "conv.scratch": scratch,
            "conv.vectors": f"CONV_T({', '.join(map(str, tiles))})",
            "lists": CELL // size,
            **_ends(conv),
            "tile": _name(size, tiles),
            "less": _name(size, less),
        },
        {
            "values": values,
            "conv.steps": steps,
            "conv.counts": counts,
            "bias": _quads(conv.bias.numpy()),
            "factors": _quads(conv.factor.numpy()),
            **views,
        },
        tuple(dict.fromkeys(f"CELLS_TILE({size}, {', '.join(map(str, some))})" for some in (tiles, less))),
        scratch,
        choice,
    )


def _ends(conv: CellSums) -> dict[str, int | str]:
    """What becomes of sums: bytes, or floats of so many channels."""
    if isinstance(conv, CellFloats):
        kind = ACTIVATIONS.index(conv.activation)
        return {"floats": len(conv.weight), "conv.margin": 0, "conv.activation": kind}
    assert isinstance(conv, CellConv)
    factor, zero = conv.added or (0.0, 0)
    return {
        "conv.margin": _filled(conv.zero),
        "conv.activation": ACTIVATIONS.index(conv.activation),
        "step": exact(conv.step),
        "ends": f"{{{float(conv.least)!r}f, {float(conv.largest)!r}f, {float(conv.zero)!r}f}}",
        "adds_zero": zero,
        "adds": exact(factor),
    }


def pack_dots(linear: CellLinear) -> Packed:
    """A linear layer's rounded weights, all of them, as rows of whole vectors."""
    weight = linear.weight.numpy()
    outputs, inputs = weight.shape
    stride = rounded(-(-inputs // CELL))
    rows = np.zeros((outputs, CELL * stride), np.int8)
    rows[:, :inputs] = weight
    fields: dict[str, int | str] = {"inputs": -(-inputs // CELL), "outputs": outputs, "stride": stride}
    values = np.ascontiguousarray(rows).view("<u4").astype(np.uint32).reshape(-1)
    return Packed("dots", fields, {"values": values, "bias": linear.bias.numpy(), "factors": linear.factor.numpy()})


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


def _cells(whole: npt.NDArray[np.int8]) -> npt.NDArray[np.uint32]:
    """(out, cells, kh, kw): four input channels in one number, the first one lowest."""
    outputs, inputs, height, width = whole.shape
    last = np.ascontiguousarray(whole.reshape(outputs, inputs // CELL, CELL, height, width).transpose(0, 1, 3, 4, 2))
    return last.view("<u4").astype(np.uint32)[..., 0]


def _size(cells: npt.NDArray[np.uint32]) -> int:
    """Outputs of a list that should be fastest: what they share is loaded once, what one lacks is multiplied too."""
    kept = (cells != 0).reshape(len(cells), -1)

    def cost(size: int) -> float:
        lists, tile = int(kept.reshape(-1, size, kept.shape[1]).any(1).sum()), MOST[size][1]
        return lists * (LOAD + size + SURVIVOR / tile)

    return min(SIZES, key=cost)


def _window(conv: CellSums, cells: npt.NDArray[np.uint32]) -> Conv:
    """A convolution of the same geometry, of cells for channels; its weights are never read."""
    weight = torch.empty(len(cells) // CELL, *cells.shape[1:])
    return Conv(weight, None, conv.stride, conv.padding, conv.dilation)


def _choice(window: Conv, inp: Layout, out: Layout, size: int) -> tuple[Choice, tuple[int, ...]]:
    """How it reads its input, and the vectors of a tile for each width."""
    source: Source = "map" if reads_map(window, inp, out) else "phases"
    band, by_rows = bands(window, out)
    choice = Choice(size, MOST[size][0], source, band, inp.channels, by_rows)
    flat = (out.height if by_rows or source == "map" else band) * geometry(window, inp, out, choice).line
    return choice, tuple(_even(flat, most, width) for most, width in zip(MOST[size], WIDTHS, strict=True))


def _even(flat: int, most: int, width: int) -> int:
    """Vectors of a tile: as many as there may be, and all tiles of almost as many."""
    vectors = max(1, -(-flat // width))
    return -(-vectors // -(-vectors // most))


def _name(size: int, tiles: tuple[int, ...]) -> str:
    return "_".join(["cells_tile", *map(str, (size, *tiles))])


def _quads(table: Array) -> Array:
    return np.concatenate([table, np.zeros(-len(table) % CELL, table.dtype)])


def exact(number: float) -> str:
    """A float32 as C reads the very same."""
    return f"{float(np.float32(number)).hex()}f"


def _filled(zero: int) -> str:
    """The float whose four bytes are ``zero``."""
    return f"{struct.unpack('<f', bytes([zero] * 4))[0].hex()}f"
