"""`Started`: an exported net, compiled on the machine it runs on and started in a block of memory."""

import ctypes
import mmap
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from tombola.errors import RequestError, StageError
from tombola.native.about import AGAIN, About, read
from tombola.native.building import build
from tombola.native.calling import Functions
from tombola.native.targets import check_runs_here, flags, target

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LayerClock:
    """A step of the net: how many weights survive of how many, how it is computed, and its seconds since the start."""

    name: str
    kind: str
    survivors: int
    total: int
    choice: str
    seconds: float


class Started(ABC):
    """Close it, or use it in a ``with``; Python threads may share it, in turns."""

    def __init__(
        self,
        folder: Path,
        *,
        threads: int = 1,
        batch: int = 1,
        profile: bool = False,
        target: str | None = None,
        extra: Sequence[str] = (),
    ) -> None:
        self._about = read(folder)
        self._check_shown(self._about)
        self._lock = threading.Lock()
        self.folder, self.threads, self.batch = folder, threads, batch
        options = [*_flags(target or self._about.target), *extra, *(["-DNET_PROFILE"] if profile else [])]
        self._data = _mapped(folder / "net.dat")
        self._c = Functions.of(build(folder, options), self._about.prefix, texts=bool(self._about.inputs))
        self._shown, self.classes = self._sizes()
        self.arena_bytes = int(self._c.arena(threads, batch))
        if not self.arena_bytes:
            raise RequestError(f"threads={threads} batch={batch}: threads are 1 to 64 and the batch is at least 1")
        self._arena = np.empty(self.arena_bytes, np.uint8)
        self._net: ctypes.c_void_p | None = self._started()

    @abstractmethod
    def _check_shown(self, about: About) -> None:
        """Raises `RequestError` for a folder whose net is shown something else."""

    @abstractmethod
    def once(self) -> None:
        """Run for a sample that is made up, as large as goes: to be timed."""

    @property
    def vector(self) -> int:
        """Floats in a vector of this build."""
        return int(self._c.vector())

    def layers(self) -> list[LayerClock]:
        """Every step in order; seconds are counted only where it was loaded with ``profile=True``."""
        rows = self._about.layers
        seconds = (ctypes.c_double * len(rows))()
        with self._lock:
            self._c.times(self._open(), seconds)
        return [LayerClock(**vars(row), seconds=time) for row, time in zip(rows, seconds, strict=True)]

    def close(self) -> None:
        """Ends its threads and lets its memory go."""
        with self._lock:
            if self._net is not None:
                self._c.stop(self._net)
            self._net = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_net", None) is not None:
            self.close()

    def _sizes(self) -> tuple[tuple[int, int, int], int]:
        """What it is shown, as the library was compiled, and the classes; net.json must agree."""
        found = (ctypes.c_int * 5)()
        self._c.sizes(found)
        channels, height, width, classes, layers = found
        about = self._about
        if (*about.shown, about.classes, len(about.layers)) != (channels, height, width, classes, layers):
            raise RequestError(f"{self.folder}: net.json and net.c are of two nets: {AGAIN}")
        return (channels, height, width), classes

    def _started(self) -> ctypes.c_void_p:
        net = ctypes.c_void_p()
        data, arena = self._data, self._arena
        code = self._c.start(
            ctypes.byref(net), data.ctypes.data, data.size, arena.ctypes.data, arena.size, self.threads, self.batch
        )
        self._check(code)
        return net

    def _open(self) -> ctypes.c_void_p:
        if self._net is None:
            raise RequestError(f"the net of {self.folder} is closed; load it again")
        return self._net

    def _check(self, code: int) -> None:
        if code:
            raise StageError(f"{self.folder}: {self._c.message(code).decode()}")


def _flags(name: str) -> tuple[str, ...]:
    wanted = target(name)
    check_runs_here(wanted)
    return flags(wanted)


def _mapped(file: Path) -> npt.NDArray[np.uint8]:
    """The file's bytes where the system keeps them; nothing is copied."""
    try:
        with file.open("rb") as stream:
            return np.frombuffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise RequestError(f"{file} cannot be read ({str(error)[:80]}): {AGAIN}") from None
