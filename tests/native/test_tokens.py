"""The C of attention, norms and moves is what torch computes, at every width; what is no number stays none."""

import ctypes
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.native.kernels import SANITIZED, aligned, flags_of, laid_out, library, pointer, some_widths, taken, widths
from torch import Tensor

from tombola.graphs.attending import attended, moved, normed
from tombola.graphs.tokens import Attention, Move, Norm
from tombola.graphs.views import merged, permuted, reshaped, whole
from tombola.native.layout import Layout
from tombola.native.moving import lies_so
from tombola.native.moving import moved as walked
from tombola.native.program import Place, Step
from tombola.native.token_tables import attend_scratch, token_data

CALLS = """
void attend(const int *n, const struct map *maps, float scale, const float *bias, const float *q, const float *k,
            const float *v, float *out, float *scratch, int parts) {
    struct attend a = {n[0], n[1], n[2], scale, n[3], n[4], n[5], maps[1].width, maps[0], maps[1], maps[2], maps[3]};
    for (int part = parts - 1; part >= 0; part--) attend_run(&a, bias, q, k, v, out, scratch, part, parts);
}
void norm(const struct map *maps, float eps, const float *scale, const float *shift, const float *in, float *out,
          int parts) {
    struct plain o = {.in = maps[0], .out = maps[1], .value = eps, .counts = scale != 0};
    for (int part = parts - 1; part >= 0; part--) op_norm(&o, scale, shift, in, out, part, parts);
}
void walk(const struct map *maps, int loops, const int *sizes, const long *reads, const long *writes, long start,
          long to, const float *in, float *out, int parts) {
    struct move m = {.loops = loops, .start = start, .to = to, .clears = 1, .out = maps[1]};
    for (int i = 0; i < loops; i++) m.sizes[i] = sizes[i], m.reads[i] = reads[i], m.writes[i] = writes[i];
    for (int part = parts - 1; part >= 0; part--) op_move(&m, in, out, part, parts);
}"""


def kernels(width: int) -> ctypes.CDLL:
    """Both headers, built once a width."""
    return library(
        "attend.h",
        ('#include "tokens.h"',),
        CALLS,
        (*flags_of(width), *SANITIZED, "-Wno-unused-function", "-fno-math-errno"),
    )


def numbers(*layouts: Layout) -> "ctypes.Array[ctypes.c_int]":
    """Their ``struct map``, one behind another."""
    flat = [n for own in layouts for n in (own.channels, own.height, own.width, own.row, own.plane, own.origin)]
    return (ctypes.c_int * len(flat))(*flat)


def attend(width: int, op: Attention, images: Sequence[Tensor], margin: int, parts: int) -> Tensor:
    """What C makes of queries, keys and values."""
    windows, queries = images[0].shape[1:]
    layouts = [Layout(len(image), windows, image.shape[2], margin) for image in images]
    out = Layout(len(images[2]), windows, queries, margin)
    step = Step("a", "attend", op, tuple(Place(layout, 0) for layout in layouts), Place(out, 0))
    given = [laid_out(image.numpy(), layout) for image, layout in zip(images, layouts, strict=True)]
    result, scratch = aligned(out.floats), aligned(attend_scratch(step))
    result[:], scratch[:] = np.nan, np.nan
    bias = token_data(step).get("scale")
    tables = (0, 0) if op.bias is None else op.bias.shape[:2]
    own = (op.heads, len(images[0]) // op.heads, out.channels // op.heads, *tables, -(-queries // 16) * 16)
    kernels(width).attend(
        (ctypes.c_int * 6)(*own),
        numbers(*layouts, out),
        ctypes.c_float(op.scale),
        None if bias is None else pointer(bias),  # type: ignore[arg-type]  # of floats
        *map(pointer, (*given, result, scratch)),
        parts,
    )
    return torch.from_numpy(taken(result, out))


def norm(width: int, op: Norm, image: Tensor, layout: Layout, parts: int) -> Tensor:
    """What C makes of an image."""
    given, result = laid_out(image.numpy(), layout), aligned(layout.floats)
    result[:] = np.nan
    tables = [None if table is None else table.numpy() for table in (op.scale, op.shift)]
    kernels(width).norm(numbers(layout, layout), ctypes.c_float(op.eps), *map(pointer, (*tables, given, result)), parts)
    return torch.from_numpy(taken(result, layout))


def drawn(draw: st.DrawFn) -> tuple[Attention, list[Tensor]]:
    """An attention and what it is given."""
    heads, dim, features = draw(st.integers(1, 3)), draw(st.integers(1, 9)), draw(st.integers(1, 6))
    windows, queries, keys = draw(st.integers(1, 3)), draw(st.integers(1, 70)), draw(st.integers(1, 19))
    torch.manual_seed(draw(st.integers(0, 99)))
    sizes = [(heads * dim, queries), (heads * dim, keys), (heads * features, keys)]
    alike = draw(st.sampled_from([None, (1, 1), (1, heads), (windows, 1), (windows, heads)]))
    bias = None if alike is None else torch.randn(*alike, queries, keys)
    op = Attention(heads, draw(st.sampled_from([0.3, 1.0])), bias, windows)
    return op, [torch.randn(channels, windows, tokens) for channels, tokens in sizes]


def near(ours: Tensor, theirs: Tensor) -> bool:
    return torch.allclose(ours, theirs, rtol=1e-4, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize("width", some_widths())
@settings(max_examples=12)
@given(data=st.data(), margin=st.integers(0, 1), parts=st.integers(1, 4))
def test_attention_is_torchs(width: int, data: st.DataObject, margin: int, parts: int) -> None:
    op, images = drawn(data.draw)  # type: ignore[arg-type]  # a strategy's draw and a test's are alike
    found = attended(op, *(image[None] for image in images))[0]
    assert near(attend(width, op, images, margin, parts), found)


@pytest.mark.parametrize("width", some_widths())
@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_is_no_number_reaches_what_it_reaches_in_torch(width: int, wrong: float, place: int) -> None:
    generator = torch.Generator().manual_seed(0)
    images = [torch.randn(6, 2, tokens, generator=generator) for tokens in (21, 9, 9)]
    images[place][1, 1, 3] = wrong
    op = Attention(2, 0.5, windows=2)
    found = attended(op, *(image[None] for image in images))[0]
    assert 0 < int((~found.isfinite()).sum()) < found.numel()
    assert near(attend(width, op, images, 0, 2), found)


@pytest.mark.parametrize("width", some_widths())
@settings(max_examples=12)
@given(
    shape=st.tuples(st.integers(1, 13), st.integers(1, 4), st.integers(1, 40)),
    margin=st.integers(0, 2),
    scaled=st.booleans(),
    wrong=st.booleans(),
    parts=st.integers(1, 3),
)
def test_norms_are_torchs(
    width: int, shape: tuple[int, int, int], margin: int, scaled: bool, wrong: bool, parts: int
) -> None:
    generator = torch.Generator().manual_seed(1)
    image = torch.randn(shape, generator=generator) + 3
    if wrong:
        image[-1, 0, 0] = torch.nan
    layout = Layout(*shape, 0 if shape[1:] == (1, 1) else margin)
    tables = [torch.randn(shape[0], generator=generator) for _ in range(2)] if scaled else [None, None]
    op = Norm(1e-3, *tables)
    assert near(norm(width, op, image, layout, parts), normed(op, image[None])[0])


@pytest.mark.parametrize("width", widths()[-1:])
@given(
    order=st.permutations(range(1, 5)), margins=st.tuples(st.integers(0, 1), st.integers(0, 1)), parts=st.integers(1, 3)
)
def test_moves_are_torchs(width: int, order: list[int], margins: tuple[int, int], parts: int) -> None:
    image = torch.randn(6, 4, 5, generator=torch.Generator().manual_seed(2))
    view = permuted(reshaped(whole("x", (6, 4, 5)), (1, 6, 2, 2, 5)), [0, *order])
    channels, pixels = view.dims[1], merged(tuple(axis for axes in view.dims[2:] for axis in axes))
    shape = (view.shape[1], view.shape[2], view.shape[3] * view.shape[4])
    op = Move(channels, pixels)
    layouts = Layout(6, 4, 5, margins[0]), Layout(*shape, margins[1])
    walk, given, result = walked(op, *layouts), laid_out(image.numpy(), layouts[0]), aligned(layouts[1].floats)
    assert lies_so(op, *layouts) is (order == [1, 2, 3, 4] and margins == (0, 0))
    loops, long = len(walk.sizes), ctypes.c_long
    kernels(width).walk(
        numbers(*layouts),
        loops,
        (ctypes.c_int * loops)(*walk.sizes),
        (long * loops)(*walk.reads),
        (long * loops)(*walk.writes),
        long(walk.start),
        long(walk.to),
        pointer(given),
        pointer(result),
        parts,
    )
    found = moved(op, image[None], shape)[0]
    assert torch.equal(torch.from_numpy(taken(result, layouts[1])), found)
    assert torch.equal(found.flatten(), image.view(6, 2, 2, 5).permute([place - 1 for place in order]).flatten())
