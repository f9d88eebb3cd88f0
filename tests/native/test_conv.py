"""The convolution kernels against torch's, on random shapes, masks and ways of computing."""

import ctypes
import os
import subprocess
import sys
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.native.kernels import (
    ADDRESSES,
    SANITIZED,
    Floats,
    Kernel,
    aligned,
    flags_of,
    laid_out,
    pointer,
    some_widths,
    taken,
    widths,
)

from tombola.graphs.activations import ACTIVATIONS
from tombola.graphs.ops import Activation, Conv
from tombola.native.choosing import Choice, Source, candidates, reads_map
from tombola.native.layout import Layout
from tombola.native.packing import pack

TILES = {1: (3, 20), 2: (13,), 4: (6, 2), 8: (3,)}


@st.composite
def convs(draw: st.DrawFn) -> tuple[Conv, tuple[int, int, int], tuple[int, int]]:
    """A convolution with zeros, an input's shape that it fits, and the margins of both maps."""

    def number(low: int, high: int) -> int:
        return draw(st.integers(low, high))

    groups, kernel = draw(st.sampled_from([1, 1, 2, 5])), (number(1, 4), number(1, 4))
    inputs, outputs = number(1, 5), number(1, 9)
    dilation, stride = (number(1, 2), number(1, 2)), (number(1, 3), number(1, 3))
    padding = (number(0, 2), number(0, 2), number(0, 2), number(0, 2))
    height, width = (
        max(dilation[i] * (kernel[i] - 1) + 1 - padding[2 * i] - padding[2 * i + 1], 1) + number(0, 20) for i in (0, 1)
    )
    generator = torch.Generator().manual_seed(number(0, 10**6))
    weight = torch.randn(groups * outputs, inputs, *kernel, generator=generator)
    weight *= torch.rand(weight.shape, generator=generator) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    shared = number(1, 4)
    weight *= (weight[::shared] != 0).repeat_interleave(shared, 0)[: len(weight)]
    bias = torch.randn(groups * outputs, generator=generator) if draw(st.booleans()) else None
    activation = draw(st.sampled_from([None, *get_args(Activation)]))
    conv = Conv(weight, bias, stride, padding, dilation, groups, "", activation, draw(st.booleans()))
    return conv, (groups * inputs, height, width), (number(0, 2), number(0, 2))


def reference(conv: Conv, image: torch.Tensor, add: torch.Tensor | None) -> torch.Tensor:
    """What torch computes, in float64."""
    top, bottom, left, right = conv.padding
    padded = torch.nn.functional.pad(image.double(), (left, right, top, bottom))[None]
    bias = None if conv.bias is None else conv.bias.double()
    out = torch.nn.functional.conv2d(padded, conv.weight.double(), bias, conv.stride, 0, conv.dilation, conv.groups)[0]
    out = out if add is None else out + add
    return ACTIVATIONS[conv.activation](out) if conv.activation else out


def images(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def difference(found: Floats, wanted: torch.Tensor) -> float:
    """The largest difference, relative to the largest number."""
    return float(np.abs(found - wanted.numpy()).max() / max(1.0, float(wanted.abs().max())))


def check(
    conv: Conv,
    shape: tuple[int, int, int],
    margins: tuple[int, int],
    pick: Choice | None,
    width: int,
    parts: int,
    flags: tuple[str, ...] = (),
) -> None:
    image = images(shape)
    bare = reference(replace(conv, activation=None), image, None)
    add = images(tuple(bare.shape), 1) if conv.residual else None
    inp, out = Layout(*shape, margins[0]), Layout(len(bare), bare.shape[1], bare.shape[2], margins[1])
    kernel = Kernel(pack(conv, inp, out, pick), flags_of(width) + flags)
    found = kernel.conv(image.numpy(), inp, out, None if add is None else add.numpy(), parts)
    assert difference(found, reference(conv, image, add)) < 1e-5


@st.composite
def cases(draw: st.DrawFn) -> tuple[Conv, tuple[int, int, int], tuple[int, int], Choice]:
    conv, shape, margins = draw(convs())
    height, width = reference(replace(conv, activation=None), images(shape), None).shape[1:]
    inp, out = Layout(*shape, margins[0]), Layout(conv.weight.shape[0], height, width, margins[1])
    sources: list[Source] = ["phases", "columns"]
    sources += ["map", "rows"] if reads_map(conv, inp, out) else []
    block = draw(st.sampled_from(sorted(TILES)))
    pick = Choice(
        block,
        draw(st.sampled_from(TILES[block])),
        draw(st.sampled_from(sources)),
        draw(st.integers(1, height)),
        draw(st.integers(1, conv.weight.shape[1])),
        draw(st.booleans()),
    )
    return conv, shape, margins, pick


@pytest.mark.parametrize("width", some_widths())
@settings(max_examples=24, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases(), parts=st.integers(1, 3))
def test_any_convolution_is_what_torch_computes(
    width: int, case: tuple[Conv, tuple[int, int, int], tuple[int, int], Choice], parts: int
) -> None:
    check(*case, width, parts)


@st.composite
def ordinary(draw: st.DrawFn) -> tuple[Conv, tuple[int, int, int], tuple[int, int]]:
    """Layers as networks have them, larger than those of `convs`."""
    kind = draw(st.sampled_from(["plain", "pointwise", "depthwise", "shuffled"]))
    size, stride = draw(st.integers(6, 40)), draw(st.sampled_from([1, 2]))
    inputs, outputs = draw(st.sampled_from([(8, 16), (24, 8), (40, 13)]))
    kernel = 1 if kind == "pointwise" else draw(st.sampled_from([3, 5]))
    groups = {"depthwise": inputs, "shuffled": 4}.get(kind, 1)
    outputs = {"depthwise": inputs, "shuffled": 4 * outputs}.get(kind, outputs)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10**6)))
    weight = torch.randn(outputs, inputs // groups, kernel, kernel, generator=generator)
    shared = draw(st.sampled_from([1, 4]))
    kept = torch.rand(-(-outputs // shared), *weight.shape[1:], generator=generator) < draw(st.floats(0, 1))
    weight *= kept.repeat_interleave(shared, 0)[:outputs]
    sides = (kernel // 2,) * 4
    conv = Conv(weight, torch.randn(outputs, generator=generator), (stride, stride), sides, (1, 1), groups, "", "relu6")
    return conv, (inputs, size, size), (kernel // 2, draw(st.integers(0, 1)))


@pytest.mark.slow
@settings(max_examples=24, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=ordinary(), parts=st.integers(1, 3), data=st.data())
def test_every_candidate_of_an_ordinary_layer_is_right(
    case: tuple[Conv, tuple[int, int, int], tuple[int, int]], parts: int, data: st.DataObject
) -> None:
    conv, shape, margins = case
    height, width = reference(conv, images(shape), None).shape[1:]
    inp, out = Layout(*shape, margins[0]), Layout(conv.weight.shape[0], height, width, margins[1])
    pick = data.draw(st.sampled_from(candidates(conv, inp, out)))
    check(conv, shape, margins, pick, max(widths()), parts)


def test_a_survivor_too_far_away_is_reached_over_null_survivors() -> None:
    weight = torch.zeros(2, 90, 1, 1)
    weight[0, 89], weight[1, 0] = 2.0, 3.0
    conv = Conv(weight, None)
    layout = Layout(90, 40, 40)
    packed = pack(conv, layout, Layout(2, 40, 40), Choice(1, 3, "map", 40, 90, by_rows=True))
    assert packed.tables["counts"].tolist() == [1 + 89 * layout.plane // 32767] * 2
    check(conv, (90, 40, 40), (0, 0), Choice(1, 3, "map", 40, 90, by_rows=True), max(widths()), 1)


@pytest.mark.slow
def test_the_sum_may_replace_what_is_added() -> None:
    conv = Conv(torch.randn(3, 2, 3, 3), torch.ones(3), padding=(1, 1, 1, 1), activation="relu", residual=True)
    image, add, layout = images((2, 9, 9)), images((3, 9, 9), 1), Layout(3, 9, 9, 1)
    for pick in candidates(conv, Layout(2, 9, 9, 1), layout):
        kernel, both = Kernel(pack(conv, Layout(2, 9, 9, 1), layout, pick), flags_of(4)), laid_out(add.numpy(), layout)
        source, scratch = laid_out(image.numpy(), Layout(2, 9, 9, 1)), aligned(kernel.packed.scratch)
        kernel.library.call(
            ctypes.byref(kernel.struct), ctypes.byref(kernel.data), *map(pointer, (source, both, both, scratch)), 0, 1
        )
        assert difference(taken(both, layout), reference(conv, image, add)) < 1e-5


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases(), parts=st.integers(1, 3))
def test_any_convolution_is_what_torch_computes_with_sanitizers(
    case: tuple[Conv, tuple[int, int, int], tuple[int, int], Choice], parts: int
) -> None:
    check(*case, max(widths()), parts, SANITIZED)


@pytest.mark.slow
def test_no_float_outside_of_the_maps_is_touched() -> None:
    library = subprocess.run(["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True).stdout
    options = {"LD_PRELOAD": library.strip(), "ASAN_OPTIONS": "detect_leaks=0", ADDRESSES: "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-m", "slow", "-k", "with_sanitizers", "-p", "no:cacheprovider"]
    ran = subprocess.run([*command, __file__], env=os.environ | options, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
