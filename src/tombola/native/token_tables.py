"""What C is told of attentions and moves, and the tables they read."""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from tombola.graphs.tokens import Attention, Constant, Embed, Norm
from tombola.native.initialisers import exact, fields_of, map_of, row_of
from tombola.native.layout import SLACK, Layout, rounded
from tombola.native.moving import Moved
from tombola.native.packed import Array
from tombola.native.program import Step

AT_ONCE: Final = 96
"""Queries whose scores are kept at a time, at most: six vectors of 16 floats."""


def token_fields(step: Step) -> str:
    """A ``struct attend`` or a ``struct move``."""
    op = step.op
    if isinstance(op, Moved):
        return _move(step, op)
    assert isinstance(op, Attention)
    queries, keys, values, out = (_windows(place.layout, op) for place in (*step.reads, step.writes))
    windows, heads = (0, 0) if op.bias is None else op.bias.shape[:2]
    return fields_of(
        {
            "heads": op.heads,
            "dim": queries.channels // op.heads,
            "features": values.channels // op.heads,
            "scale": exact(op.scale),
            "bias_windows": windows,
            "bias_heads": heads,
            "bias_row": rounded(queries.width),
            "bias_keys": keys.width,
            "q": map_of(queries),
            "k": map_of(keys),
            "v": map_of(values),
            "out": map_of(out),
        }
    )


def attend_scratch(step: Step) -> int:
    """Floats that a thread needs beside the maps."""
    return AT_ONCE * _windows(step.reads[1].layout, step.op).width + SLACK if isinstance(step.op, Attention) else 0


def _windows(layout: Layout, op: Attention) -> Layout:
    """A map's layout with a window a row; rows without margins are one line anyway."""
    tokens = layout.height * layout.width // op.windows
    return layout if layout.height == op.windows else Layout(layout.channels, op.windows, tokens)


def token_data(step: Step) -> dict[str, Array]:
    """The tables of a step by the names of its fields in C."""
    op = step.op
    if isinstance(op, Constant):
        return {"scale": op.value.numpy()}
    if isinstance(op, Embed):
        return _of_words(op)
    if isinstance(op, Norm) and op.scale is not None and op.shift is not None:
        return {"scale": op.scale.float().numpy(), "shift": op.shift.float().numpy()}
    if isinstance(op, Attention) and op.bias is not None:
        return {"scale": _turned(op.bias.numpy())}
    return {}


def _of_words(op: Embed) -> dict[str, Array]:
    """The table, and where its rows are whole numbers of steps those numbers and the steps."""
    if op.steps is None:
        return {"scale": op.table.float().numpy()}
    whole = (op.table.double() / op.steps.double().unsqueeze(1)).round().to(torch.int8)
    return {"scale": whole.numpy(), "shift": op.steps.float().numpy()}


def _turned(bias: npt.NDArray[np.float32]) -> Array:
    """(windows, heads, keys, queries), rows of queries filled up, and whole vectors behind the last one."""
    turned = bias.transpose(0, 1, 3, 2)
    rows = np.zeros((*turned.shape[:3], rounded(turned.shape[3])), np.float32)
    rows[..., : turned.shape[3]] = turned
    return np.concatenate([rows.reshape(-1), np.zeros(AT_ONCE, np.float32)])


def _move(step: Step, op: Moved) -> str:
    return fields_of(
        {
            "loops": len(op.sizes),
            "sizes": row_of(op.sizes),
            "reads": row_of(op.reads),
            "writes": row_of(op.writes),
            "start": op.start,
            "to": op.to,
            "clears": int(op.clears),
            "out": map_of(step.writes.layout),
        }
    )
