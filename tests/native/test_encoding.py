"""Survivors in fewer bytes, decoded by the C kernels."""

import ctypes

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tests.native.kernels import Floats, Kernel, aligned, flags_of, pointer

from tombola.errors import RequestError
from tombola.graphs.ops import Conv, Linear
from tombola.native.encoding import channels_of, encoded
from tombola.native.layout import Layout
from tombola.native.linear import pack_linear
from tombola.native.packed import Packed
from tombola.native.packing import pack


def decode(packed: Packed, stored: npt.NDArray[np.generic], scales: Floats | None) -> Floats:
    """What the kernels compute with."""
    kernel, values = Kernel(packed, flags_of(4)), aligned(packed.tables["values"].size)
    kind = {"float32": 0, "float16": 1, "int8": 2}[stored.dtype.name]
    stored = np.ascontiguousarray(stored)
    address = ctypes.c_void_p(stored.ctypes.data)
    described = (ctypes.byref(kernel.struct), ctypes.byref(kernel.data))
    kernel.library.decode(*described, address, kind, pointer(scales), pointer(values))
    return values


def layers() -> list[Packed]:
    """A grouped convolution in rows that are not full; linear layers: dense, of stripes, of single weights."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(12, 3, 3, 3, generator=generator) * (torch.rand(12, 3, 3, 3, generator=generator) < 0.4)
    weight *= torch.arange(1.0, 13.0)[:, None, None, None]
    conv = pack(Conv(weight, None, padding=(1, 1, 1, 1), groups=2), Layout(6, 9, 9, 1), Layout(12, 9, 9, 1))
    matrix = torch.randn(7, 40, generator=generator)
    single = matrix * (torch.rand(matrix.shape, generator=generator) < 0.2)
    striped = matrix * (torch.arange(40) % 5 == 0)
    return [conv, *(pack_linear(Linear(each, None)) for each in (matrix, striped, single))]


@pytest.mark.parametrize("number", range(4))
def test_float16_is_decoded_to_what_numpy_says(number: int) -> None:
    packed = layers()[number]
    small = encoded(packed, "float16").tables["values"]
    assert (decode(packed, small, None) == small.astype(np.float32)).all()
    assert small.nbytes * 2 == packed.tables["values"].nbytes


@pytest.mark.parametrize("number", range(4))
def test_int8_is_within_half_a_step_of_its_channel(number: int) -> None:
    packed = layers()[number]
    tables, channels = encoded(packed, "int8").tables, channels_of(packed)
    scales = np.asarray(tables["scales"], np.float32)
    found, wanted = decode(packed, tables["values"], scales), np.asarray(packed.tables["values"], np.float32)
    assert (np.abs(found - wanted)[channels >= 0] <= 0.501 * scales[channels[channels >= 0]]).all()
    assert (found[wanted == 0] == 0).all()
    assert len(set(scales.tolist())) > 3, "each channel has its own"


def test_every_half_is_decoded_exactly() -> None:
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    packed = pack_linear(Linear(torch.ones(1, 2**16), None))
    assert np.array_equal(decode(packed, halves, None), halves.astype(np.float32), equal_nan=True)


def test_weights_beyond_float16_are_refused_and_fit_into_int8() -> None:
    packed = pack_linear(Linear(torch.tensor([[7e4, 1.0], [2.0, 3.0]]), None))
    with pytest.raises(RequestError, match=r"a weight of 70000 .* beyond float16's 65,504"):
        encoded(packed, "float16")
    assert int(np.abs(encoded(packed, "int8").tables["values"]).max()) == 127
    assert np.isfinite(encoded(pack_linear(Linear(torch.tensor([[6.5e4]]), None)), "float16").tables["values"]).all()
