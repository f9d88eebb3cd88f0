"""`pack`: a convolution's surviving weights as the streams and numbers that `c/conv.h` reads."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tombola.graphs.ops import Conv
from tombola.native.choosing import FARTHEST, Choice, chosen
from tombola.native.geometry import Geometry, bordered, geometry
from tombola.native.layout import LINE, SLACK, Layout, rounded
from tombola.native.packed import ACTIVATIONS, Array, Packed
from tombola.native.sharing import rows_of


def pack(conv: Conv, inp: Layout, out: Layout, choice: Choice | None = None) -> Packed:
    """The convolution from maps laid out as ``inp`` to ``out``, by ``choice`` or the one that should be fastest."""
    choice = choice or chosen(conv, inp, out)
    place = geometry(conv, inp, out, choice)
    less = tuple(max(1, vectors - 1) for vectors in choice.tiles)
    tables, rows = _streams(conv, place, choice)
    tile = choice.block * choice.tile * LINE
    panel = (choice.channels * _blocks(conv, choice) * len(place.views) * place.view_plane) if place.views else 0
    scratch = rounded(tile * (rows if _blocks(conv, choice) > 1 else 1) + panel) + SLACK
    return Packed(
        "conv",
        {
            **numbers(conv, inp, out, choice, place),
            "rows": rows,
            "scratch": scratch,
            "border": 0,  # floats stand in zeros
            "margin": 0,
            "vectors": f"CONV_T({', '.join(str(vectors) for vectors in choice.tiles)})",
            "tile": _name(choice.block, choice.tiles),
            "less": _name(choice.block, less),
        },
        tables,
        tuple(dict.fromkeys(_instance(choice.block, tiles) for tiles in (choice.tiles, less))),
        scratch,
        choice,
    )


def _name(block: int, tiles: tuple[int, ...]) -> str:
    return "_".join(["conv_tile", str(block), *(str(vectors) for vectors in tiles)])


def _instance(block: int, tiles: tuple[int, ...]) -> str:
    return f"CONV_TILE({', '.join(str(number) for number in (block, *tiles))})"


def _blocks(conv: Conv, choice: Choice) -> int:
    return -(-conv.weight.shape[1] // choice.channels)


def far(place: Geometry, choice: Choice) -> int:
    """Where the lists that go back begin: floats from a block's first channel to its last."""
    return (choice.channels - 1) * place.channel


def numbers(conv: Conv, inp: Layout, out: Layout, choice: Choice, place: Geometry) -> dict[str, int | str]:
    """What C is told of how a convolution reads and writes, whatever it multiplies."""
    outputs, inputs = conv.weight.shape[:2]
    return {
        "groups": conv.groups,
        "inputs": inputs,
        "outputs": outputs // conv.groups,
        "in_height": inp.height,
        "in_width": inp.width,
        "in_row": inp.row,
        "in_plane": inp.plane,
        "in_start": place.start,
        "height": out.height,
        "width": out.width,
        "row": out.row,
        "plane": out.plane,
        "origin": out.origin,
        "top": conv.padding[0],
        "left": conv.padding[2],
        "stride_y": conv.stride[0],
        "stride_x": conv.stride[1],
        "panel": int(bool(place.views)),
        "num_views": len(place.views),
        "view_rows": place.view_rows,
        "view_plane": place.view_plane,
        "bordered": int(bordered(conv, inp, out)),
        "line": place.line,
        "band": choice.band,
        "channels": choice.channels,
        "far": far(place, choice),
        "blocks": _blocks(conv, choice),
        "size": choice.block,
        "flat": int(place.line == out.row),
        "by_rows": int(choice.by_rows),
        "activation": ACTIVATIONS.index(conv.activation),
    }


def _streams(conv: Conv, place: Geometry, choice: Choice) -> tuple[dict[str, Array], int]:
    outputs, inputs = conv.weight.shape[:2]
    weights = conv.weight.detach().numpy().reshape(conv.groups, outputs // conv.groups, -1)
    order = np.stack([rows_of(of_group != 0, choice.block) for of_group in weights])
    distances = (np.arange(inputs)[:, None] % choice.channels * place.channel + place.taps.reshape(-1)).reshape(-1)
    within = np.lexsort((distances, np.arange(len(distances)) // (choice.channels * place.taps.size)))
    parts = [
        stream(of_group[:, within], rows, distances[within], choice.channels * place.taps.size, far(place, choice))
        for of_group, rows in zip(weights, order, strict=True)
    ]
    values, steps, counts = (np.concatenate(tables) for tables in zip(*parts, strict=True))
    tables: dict[str, Array] = {"values": values, "steps": steps, "counts": counts}
    tables["order"] = order.astype(np.uint16).reshape(-1)
    if place.views:
        tables["views"] = np.array(place.views, np.int32).reshape(-1)
    bias = np.zeros(outputs) if conv.bias is None else conv.bias.detach().numpy()
    whole = np.hstack([bias.reshape(conv.groups, -1), np.zeros((conv.groups, 1))])  # a zero for -1, which is nobody
    tables["bias"] = np.take_along_axis(whole, order.reshape(conv.groups, -1), 1).astype(np.float32).reshape(-1)
    return tables, order.shape[1]


def stream(
    weights: npt.NDArray[Any],
    rows: npt.NDArray[np.int64],
    distances: npt.NDArray[np.int64],
    block: int,
    far: int,
) -> tuple[Array, Array, Array]:
    """Values, steps and counts of one group of the convolution; ``block`` is the weights of a block of channels.

    Every second row goes back, from ``far`` on: what the row before read last is what the first cache still holds.
    """
    there = np.vstack([weights, np.zeros((1, weights.shape[1]), weights.dtype)])[rows]  # (rows, B, weights)
    blocks = -(-weights.shape[1] // block)
    row, at = np.nonzero((there != 0).any(axis=1))
    sort = np.lexsort((np.where(row % 2, -at, at), row, at // block))
    row, at = row[sort], at[sort]
    cell = at // block * len(rows) + row
    counts = np.bincount(cell, minlength=blocks * len(rows))
    values = there[row, :, at]
    first = np.ones(len(cell), bool)
    first[1:] = cell[1:] != cell[:-1]
    distance = distances[at]
    gaps = distance - np.where(first, row % 2 * far, np.concatenate([[0], distance[:-1]]))
    extra = np.abs(gaps) // FARTHEST  # null survivors that a far one needs before it
    np.add.at(counts, cell, extra)
    ends = np.cumsum(extra + 1) - 1
    hops = np.sign(gaps) * FARTHEST
    steps = np.repeat(hops, extra + 1)
    steps[ends] = gaps - extra * hops
    spread = np.zeros((len(steps), values.shape[1]), weights.dtype)
    spread[ends] = values
    if counts.max(initial=0) > np.iinfo(np.uint16).max:
        raise OverflowError("a block of channels has more survivors than a count holds")
    return spread.reshape(-1), steps.astype(np.int16), counts.astype(np.uint16)
