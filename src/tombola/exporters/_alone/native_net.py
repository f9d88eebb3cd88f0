"""A net in a folder of C, compiled once on the machine it runs on and called by ctypes."""

import ctypes
import hashlib
import json
import mmap
import os
import platform
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tombola.exporters._alone.net import Net

_ALWAYS = "-std=gnu11 -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math -fPIC -shared -pthread"


class NativeNet(Net):
    """What Tombola wrote as C; net.json says its classes and how images are made ready."""

    def __init__(self, folder: Path) -> None:
        notes = json.loads((folder / "net.json").read_text("utf-8"))
        super().__init__(notes, int(notes["image"][-1]))
        self._prefix, self._outputs = notes["prefix"], int(notes["classes"])
        self._library = ctypes.CDLL(str(_built(folder, notes["flags"])))
        with (folder / "net.dat").open("rb") as stream:
            self._data = np.frombuffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
        arena = self._function("arena", ctypes.c_size_t, ctypes.c_int, ctypes.c_int)
        self._arena = np.empty(arena(1, 1), np.uint8)
        self._net = ctypes.c_void_p()
        pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
        takes = (ctypes.POINTER(pointer), pointer, size, pointer, size, number, number)
        data, memory = self._data, self._arena
        given = (data.ctypes.data, data.size, memory.ctypes.data, memory.size, 1, 1)
        self._check(self._function("start", number, *takes)(ctypes.byref(self._net), *given))
        self._run = self._function("run", number, pointer, pointer, number, pointer)

    def logits(self, images: "npt.NDArray[np.float32]") -> "npt.NDArray[np.float32]":
        found = np.empty((len(images), self._outputs), np.float32)
        for image, row in zip(np.ascontiguousarray(images), found, strict=True):
            self._check(self._run(self._net, image.ctypes.data, 1, row.ctypes.data))
        return found

    def _function(self, name: str, gives: Any, *takes: Any) -> Any:
        found = getattr(self._library, f"{self._prefix}_{name}")
        found.restype, found.argtypes = gives, list(takes)
        return found

    def _check(self, code: int) -> None:
        if code:
            raise RuntimeError(self._function("message", ctypes.c_char_p, ctypes.c_int)(code).decode())


def _built(folder: Path, flags: str) -> Path:
    """The library of net.c, kept in ``build`` beside it, or where that cannot be written in a folder of its own."""
    options = [*_ALWAYS.split(), *shlex.split(flags), *shlex.split(os.environ.get("CFLAGS", ""))]
    told = (folder / "net.c").read_bytes() + " ".join([platform.node(), platform.machine(), *options]).encode()
    home = folder / "build"
    try:
        home.mkdir(exist_ok=True)
        tempfile.TemporaryFile(dir=home).close()
    except OSError:
        home = Path(tempfile.mkdtemp())
    made = home / f"alone-{hashlib.sha256(told).hexdigest()[:16]}.so"
    if not made.exists():
        with tempfile.TemporaryDirectory(dir=home) as work:
            new = Path(work) / "net.so"
            compiler = os.environ.get("CC", "cc")
            subprocess.run([compiler, *options, str(folder / "net.c"), "-o", str(new), "-lm"], check=True)
            new.replace(made)
    return made


def opened_net(folder: Path) -> Net:
    """The net in a folder."""
    return NativeNet(folder)
