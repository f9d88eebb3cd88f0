"""What Tombola wrote as C, compiled once on the machine it runs on and called by ctypes."""

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

_ALWAYS = "-std=gnu11 -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math -fPIC -shared -pthread"


class Library:
    """A net in a folder, started for one sample at a time; ``notes`` are what its net.json says."""

    def __init__(self, folder: Path, *given: Any) -> None:
        """``given`` are the types of what the net is run on, before the logits."""
        self.notes = json.loads((folder / "net.json").read_text("utf-8"))
        self._prefix, self._outputs = self.notes["prefix"], int(self.notes["classes"])
        self._library = ctypes.CDLL(str(_built(folder, self.notes["flags"])))
        with (folder / "net.dat").open("rb") as stream:
            self._data = np.frombuffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
        arena = self._function("arena", ctypes.c_size_t, ctypes.c_int, ctypes.c_int)
        self._arena = np.empty(arena(1, 1), np.uint8)
        self._net = ctypes.c_void_p()
        pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
        takes = (ctypes.POINTER(pointer), pointer, size, pointer, size, number, number)
        data, memory = self._data, self._arena
        start = (data.ctypes.data, data.size, memory.ctypes.data, memory.size, 1, 1)
        self._check(self._function("start", number, *takes)(ctypes.byref(self._net), *start))
        self._run = self._function("run", number, pointer, *given, pointer)

    def logits(self, *given: Any) -> "npt.NDArray[np.float32]":
        """Of one sample."""
        found = np.empty(self._outputs, np.float32)
        self._check(self._run(self._net, *given, found.ctypes.data))
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
    asked, more = os.environ.get("CC", "").strip() or "cc", os.environ.get("CFLAGS", "")
    command = [*shlex.split(asked), *_ALWAYS.split(), *shlex.split(flags), *shlex.split(more)]
    told = (folder / "net.c").read_bytes() + " ".join([platform.node(), platform.machine(), *command]).encode()
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
            subprocess.run([*command, str(folder / "net.c"), "-o", str(new), "-lm"], check=True)
            new.replace(made)
    return made
