"""Compiled kernels called through ctypes: what the tests of the native layers stand on."""

import ctypes
import os
import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import tombola.native.packing as packing
from tombola.machine import cpu_flags
from tombola.native.layout import Layout
from tombola.native.packed import Packed

HEADERS = Path(packing.__file__).parent / "c"
Floats = npt.NDArray[np.float32]
WIDTHS = {16: "-mavx512f", 8: "-mavx2 -mfma", 4: "-msse2", 1: ""}


ADDRESSES = "TOMBOLA_TEST_ADDRESSES"  # set where the sanitizer of addresses is loaded
SANITIZED = (f"-fsanitize=undefined{',address' * (ADDRESSES in os.environ)}", "-fno-sanitize-recover=all", "-g")


def flags_of(width: int) -> tuple[str, ...]:
    """The compiler's options for vectors of so many floats."""
    return (*WIDTHS[width].split(), f"-DNET_WIDTH={width}", *(("-mno-avx512f", "-mno-avx") if width in (4, 1) else ()))


def widths() -> list[int]:
    """The vector widths this machine can run."""
    known = {"", *cpu_flags()}
    return [width for width, flag in ((16, "avx512f"), (8, "avx2"), (4, ""), (1, "")) if flag in known]


def some_widths() -> list[Any]:
    """The widest and none, as cases of a test; those between are slow ones, as each has libraries of its own."""
    found = widths()
    between = [pytest.param(width, marks=pytest.mark.slow) for width in found[1:-1]]
    return [*found[:1], *between, *found[1:][-1:]]


@cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory()


@cache
def library(header: str, instances: tuple[str, ...], calls: str, flags: tuple[str, ...]) -> ctypes.CDLL:
    """A shared library of a header with these instances and exported calls."""
    folder = Path(_folder().name)
    number = len(list(folder.glob("*.c")))
    source, binary = folder / f"{number}.c", folder / f"{number}.so"
    source.write_text("\n".join([f'#include "{header}"', *instances, calls, ""]))
    command = [
        "gcc",
        "-std=c11",
        os.environ.get("CFLAGS", "-O2"),
        "-ffp-contract=fast",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fPIC",
        "-shared",
    ]
    subprocess.run([*command, *flags, f"-I{HEADERS}", str(source), "-o", str(binary), "-lm"], check=True)
    return ctypes.CDLL(str(binary))


OF_TEXTS = {"tiles", "most"}
"""What a layer is told of that is run at any length, and here are maps of one size."""
TYPES = {"int": ctypes.c_int, "float": ctypes.c_float}


def _members(header: str, struct: str) -> list[tuple[str, str]]:
    """(type, name) of a struct's members, as a header or those that belong to it declare them."""
    text = "".join(file.read_text() for file in sorted(HEADERS.glob(f"{header}*.h")))
    body = re.sub(r"/\*.*?\*/", "", text.split(f"struct {struct} {{", 1)[1].split("};", 1)[0], flags=re.S)
    found = []
    for line in body.split(";"):
        words = line.strip()
        if words:
            kind, names = re.match(r"((?:const )?\w+ )(.*)", words, re.S).groups()  # type: ignore[union-attr]
            found += [(kind.strip(), name.rpartition("*")[2].strip()) for name in names.split(",")]
    return found


class Kernel:
    """A packed layer in a compiled library."""

    def __init__(self, packed: Packed, flags: tuple[str, ...]) -> None:
        self.packed, kind = packed, packed.kind
        tile = [
            f"{kind}_tile *{value}_pointer = {value};"
            for value in dict.fromkeys(packed.fields.values())
            if _is_tile(value)
        ]
        vectors = packed.fields.get("vectors", 0)
        calls = f"int vectors = {vectors};\n" + "\n".join(tile) + f"\n{CALLS[kind]}"
        self.library = library(f"{kind}.h", packed.instances, calls, flags)
        self.struct, self.data = self._struct(), self._data()

    def _struct(self) -> ctypes.Structure:
        members = _members(self.packed.kind, self.packed.kind)
        fields = [(name, ctypes.c_void_p if kind.endswith("_tile") else TYPES[kind]) for kind, name in members]
        made = type("Layer", (ctypes.Structure,), {"_fields_": fields})()
        declared = {name for name, _ in fields} - OF_TEXTS
        assert declared == set(self.packed.fields), "the fields packed are those declared"
        for name, value in self.packed.fields.items():
            setattr(made, name, self._value(name, value))
        assert isinstance(made, ctypes.Structure)
        return made

    def _value(self, name: str, value: int | str) -> int | None:
        if name == "vectors":
            return ctypes.c_int.in_dll(self.library, "vectors").value
        if _is_tile(value):
            return ctypes.c_void_p.in_dll(self.library, f"{value}_pointer").value
        return int(value)

    def _data(self) -> ctypes.Structure:
        names = [name for _, name in _members(self.packed.kind, f"{self.packed.kind}_data")]
        assert set(self.packed.tables) <= set(names), "every table has a pointer"
        made = type("Data", (ctypes.Structure,), {"_fields_": [(name, ctypes.c_void_p) for name in names]})()
        for name, table in self.packed.tables.items():
            setattr(made, name, table.ctypes.data)
        assert isinstance(made, ctypes.Structure)
        return made

    def conv(self, image: Floats, inp: Layout, out: Layout, add: Floats | None = None, parts: int = 1) -> Floats:
        """(C, H, W) of one image, given (C, H, W); the output's margins are checked."""
        source, result = laid_out(image, inp), aligned(out.floats)
        result[:] = np.nan
        residual = None if add is None else laid_out(add, out)
        for part in reversed(range(parts)):
            scratch = aligned(self.packed.scratch)
            scratch[:] = np.nan
            pointers = [pointer(array) for array in (source, residual, result, scratch)]
            self.library.call(ctypes.byref(self.struct), ctypes.byref(self.data), *pointers, part, parts)
        return taken(result, out)


CALLS = {
    "conv": """void call(const struct conv *c, const struct conv_data *d, const float *in, const float *add, float *out,
    float *scratch, int part, int parts) { conv_run(c, d, in, add, out, scratch, part, parts); }
void decode(const struct conv *c, const struct conv_data *d, const void *stored, int kind, const float *scales,
    float *values) { conv_decode(c, d, stored, kind, scales, values); }""",
    "linear": """void call(const struct linear *l, const struct linear_data *d, const float *in, ptrdiff_t in_stride,
    float *out, ptrdiff_t out_stride, int count, int part, int parts) {
    linear_run(l, d, in, in_stride, out, out_stride, count, part, parts); }
void decode(const struct linear *l, const struct linear_data *d, const void *stored, int kind, const float *scales,
    float *values) { linear_decode(l, d, stored, kind, scales, values); }""",
}


def _is_tile(value: int | str) -> bool:
    return isinstance(value, str) and "_tile_" in value


def aligned(floats: int) -> Floats:
    """Floats at 64 bytes."""
    room = np.zeros(floats + 16, np.float32)
    start = -room.ctypes.data % 64 // 4
    return room[start : start + floats]


def pointer(array: Floats | None) -> ctypes.c_void_p:
    """Its address, or NULL."""
    return ctypes.c_void_p(None if array is None else array.ctypes.data)


def _planes(flat: Floats, layout: Layout) -> tuple[Floats, Floats]:
    """Views of the planes and of the pixels in them."""
    planes = flat[: layout.channels * layout.plane].reshape(layout.channels, layout.plane)
    end = layout.origin + layout.height * layout.row
    return planes, planes[:, layout.origin : end].reshape(-1, layout.height, layout.row)[:, :, : layout.width]


def laid_out(image: Floats, layout: Layout) -> Floats:
    """An image's planes with their margins; what is behind them is no number."""
    flat = aligned(layout.floats)
    _planes(flat, layout)[1][:] = image
    flat[layout.channels * layout.plane :] = np.nan
    return flat


def taken(flat: Floats, layout: Layout) -> Floats:
    """The pixels, copied; everything else in the planes is zero."""
    planes, pixels = _planes(flat, layout)
    image = pixels.copy()
    pixels[:] = 0
    assert (planes == 0).all(), "margins are zero"
    return image
