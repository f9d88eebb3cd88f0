"""The kernels of linear layers against torch's."""

import ctypes

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.native.kernels import Floats, Kernel, aligned, flags_of, pointer, some_widths

from tombola.graphs.activations import ACTIVATIONS
from tombola.graphs.ops import Linear
from tombola.native.linear import SEGMENT, pack_linear


@st.composite
def layers(draw: st.DrawFn) -> Linear:
    inputs = draw(st.sampled_from([1, 3, 17, 64, 100, SEGMENT + 5]))
    outputs = draw(st.integers(1, 13))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10**6)))
    weight = torch.randn(outputs, inputs, generator=generator)
    weight *= torch.rand(weight.shape, generator=generator) < draw(st.sampled_from([0.0, 0.1, 0.3, 1.0]))
    if draw(st.booleans()):
        weight *= (weight[::4] != 0).repeat_interleave(4, 0)[:outputs]
    bias = torch.randn(outputs, generator=generator) if draw(st.booleans()) else None
    return Linear(weight, bias, "", draw(st.sampled_from([None, "relu", "silu"])))


def run(linear: Linear, x: Floats, width: int, parts: int) -> Floats:
    """What the kernels compute of (images, inputs); the floats between two images' outputs stay as they are."""
    kernel, (images, inputs), outputs = Kernel(pack_linear(linear), flags_of(width)), x.shape, len(linear.weight)
    source, result = aligned(images * (inputs + 3)), aligned(images * (outputs + 2))
    source.reshape(images, -1)[:, :inputs] = x
    result[:] = 7.0
    for part in range(parts):
        kernel.library.call(
            ctypes.byref(kernel.struct), ctypes.byref(kernel.data), pointer(source), ctypes.c_ssize_t(inputs + 3),
            pointer(result), ctypes.c_ssize_t(outputs + 2), images, part, parts,
        )  # fmt: skip
    assert (result.reshape(images, -1)[:, outputs:] == 7.0).all()
    return result.reshape(images, -1)[:, :outputs]


@pytest.mark.parametrize("width", some_widths())
@settings(max_examples=40, deadline=None)
@given(linear=layers(), images=st.integers(1, 9), parts=st.integers(1, 3))
def test_any_linear_layer_is_what_torch_computes(width: int, linear: Linear, images: int, parts: int) -> None:
    x = torch.randn(images, linear.weight.shape[1], generator=torch.Generator().manual_seed(images))
    bias = None if linear.bias is None else linear.bias.double()
    wanted = torch.nn.functional.linear(x.double(), linear.weight.double(), bias)
    wanted = ACTIVATIONS[linear.activation](wanted) if linear.activation else wanted
    found = run(linear, x.numpy(), width, parts)
    # a sum of floats errs in proportion to what is summed, however little it comes to
    summed = torch.nn.functional.linear(x.double().abs(), linear.weight.double().abs())
    allowed = max(1e-5 * max(1.0, float(wanted.abs().max())), 1e-6 * float(summed.max()))
    assert np.abs(found - wanted.numpy()).max() <= allowed


def test_what_is_kept_decides_how_the_weights_are_listed() -> None:
    weight = torch.randn(8, 100, generator=torch.Generator().manual_seed(0))
    assert pack_linear(Linear(weight, None)).fields["dense"] == 1
    weight[:, 20:] = 0
    striped = pack_linear(Linear(weight, None))
    assert (striped.fields["dense"], striped.fields["size"], len(striped.tables["steps"])) == (0, 4, 40)
    weight[::2, :10], weight[1::2, 10:] = 0, 0
    single = pack_linear(Linear(weight, None))
    assert (single.fields["size"], len(single.tables["steps"])) == (1, 80)
