"""`pack_cells`: a convolution's rounded weights as the cells and numbers that `c/cells_conv.h` reads.

Four input channels are one cell of a map and of the weights; four outputs, a quad, are one cell of what comes out. A
list has the survivors of 1, 2 or 4 outputs of a quad: what is zero in all of them is left out. Dense layers on small
maps have lists of 32 outputs, and for processors with tiles lists are of 16 (`squares`). Grouped convolutions are such
of all channels whose other weights are zeros.
"""

import struct

import numpy as np

from tombola.graphs.cells import CELL, CellConv, CellFloats, CellLinear, CellSums
from tombola.native.initialisers import exact, row_of
from tombola.native.int8.choosing import Plan, distances, plan
from tombola.native.int8.squares import SQUARE, streams
from tombola.native.layout import SLACK, Layout, rounded
from tombola.native.packed import ACTIVATIONS, Array, Packed
from tombola.native.packing import far, numbers, stream


def pack_cells(conv: CellSums, inp: Layout, out: Layout, tiles: bool = False) -> Packed:
    """The convolution from a map of cells laid out as ``inp`` to ``out``, for a processor with ``tiles`` or without."""
    how = plan(conv, inp, out, tiles)
    cells, window, choice, place = how.cells, how.window, how.choice, how.place
    functions, instances = _functions(how)
    values, steps, counts = _lists(how, inp)
    views = {"conv.views": np.array(place.views, np.int32).reshape(-1)} if place.views else {}
    scratch = rounded(inp.channels * len(place.views) * place.view_plane) + SLACK
    return Packed(
        "cells",
        {
            **{f"conv.{name}": number for name, number in numbers(window, inp, out, choice, place).items()},
            "conv.rows": rounded(len(conv.weight), CELL) // CELL,
            "conv.border": _filled(conv.entering),
            "conv.scratch": scratch,
            "conv.vectors": f"CONV_T({', '.join(map(str, how.tiles))})",
            "lists": max(1, CELL // how.size),
            "quads": max(1, how.size // CELL),
            **_survivor(how),
            **_ends(conv),
            **functions,
        },
        {
            "values": values,
            "conv.steps": steps,
            "conv.counts": counts,
            "bias": _filled_up(conv.bias.numpy(), len(cells)),
            "factors": _filled_up(conv.factor.numpy(), len(cells)),
            **views,
        },
        instances,
        scratch,
        choice,
    )


def _lists(how: Plan, inp: Layout) -> tuple[Array, Array, Array]:
    """Values, steps and counts of the survivors, list by list."""
    flat = how.cells.reshape(len(how.cells), -1)
    if how.squares is not None:
        return streams(flat, how.squares)
    lists = np.arange(len(flat)).reshape(-1, how.size)
    places = distances(inp, how.place)
    within = np.argsort(places, kind="stable")
    return stream(flat[:, within], lists, places[within], len(places), far(how.place, how.choice))


def _survivor(how: Plan) -> dict[str, int | str]:
    """How many values and steps one has, or a square of them; those do not go back."""
    if how.squares is None:
        return {"values": how.size, "steps": 1}
    return {"values": SQUARE * SQUARE, "steps": 2 * (SQUARE + 1), "conv.far": 0}


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
        "ends": row_of([exact(number) for number in (conv.least, conv.largest, conv.zero)]),
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


def _functions(how: Plan) -> tuple[dict[str, str], tuple[str, ...]]:
    """What makes its sums, as fields, and the lines that make those functions."""
    if how.turns is not None:
        rows, pixels = how.turns
        return (
            {"wide": f"cells_wide_{rows}_{pixels}", "at_once": f"{{{rows}, {pixels}}}"},
            (f"CELLS_WIDE({rows}, {pixels})",),
        )
    less = tuple(max(1, vectors - 1) for vectors in how.tiles)
    tile, shorter = (how.size, how.halves, *how.tiles), (how.size, 2 * less[0], *less)
    lines = dict.fromkeys(f"CELLS_TILE({', '.join(map(str, name))})" for name in (tile, shorter))
    return {"tile": _name(tile), "less": _name(shorter)}, tuple(lines)


def _name(numbers: tuple[int, ...]) -> str:
    return "_".join(["cells_tile", *map(str, numbers)])


def _filled_up(table: Array, outputs: int) -> Array:
    return np.concatenate([table, np.zeros(outputs - len(table), table.dtype)])


def _filled(zero: int) -> str:
    """The float whose four bytes are ``zero``."""
    return f"{struct.unpack('<f', bytes([zero] * 4))[0].hex()}f"
