"""`load`: an exported net, compiled on the machine it runs on, as something to call from Python."""

import ctypes
import mmap
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
import numpy.typing as npt

from tombola.errors import RequestError, StageError
from tombola.native.about import AGAIN, read
from tombola.native.building import build
from tombola.native.calling import Functions
from tombola.native.targets import check_runs_here, flags, target

if TYPE_CHECKING:
    from torch import Tensor

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


def load(
    folder: Path | str,
    *,
    threads: int = 1,
    batch: int = 1,
    profile: bool = False,
    target: str | None = None,
    extra: Sequence[str] = (),
) -> "Net":
    """The net in a folder that ``tombola export --to native`` wrote, built if it was not yet.

    ``batch`` images at a time share memory for as many; more are given in turns. ``profile`` counts each layer's
    seconds. ``target`` instead of the one it was exported for; ``extra`` flags for the compiler.
    """
    return Net(Path(folder), threads=threads, batch=batch, profile=profile, target=target, extra=extra)


class Net:
    """``net(images)`` gives logits: ``classes`` for an image of ``image``, its channels, height and width.

    Close it, or use it in a ``with``; Python threads may share it, in turns.
    """

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
        self._lock = threading.Lock()
        self.folder, self.threads, self.batch = folder, threads, batch
        options = [*_flags(target or self._about.target), *extra, *(["-DNET_PROFILE"] if profile else [])]
        self._data = _mapped(folder / "net.dat")
        self._c = Functions.of(build(folder, options), self._about.prefix)
        self.image, self.classes = self._sizes()
        self.arena_bytes = int(self._c.arena(threads, batch))
        if not self.arena_bytes:
            raise RequestError(f"threads={threads} batch={batch}: threads are 1 to 64 and the batch is at least 1")
        self._arena = np.empty(self.arena_bytes, np.uint8)
        self._net: ctypes.c_void_p | None = self._started()

    @property
    def vector(self) -> int:
        """Floats in a vector of this build."""
        return int(self._c.vector())

    @overload
    def __call__(self, images: "Tensor") -> "Tensor": ...

    @overload
    def __call__(self, images: npt.NDArray[Any]) -> Floats: ...

    def __call__(self, images: "Tensor | npt.NDArray[Any]") -> "Tensor | Floats":
        """Logits (N, classes) of images (N, C, H, W) in [0, 1]: a tensor for a tensor, an array for an array."""
        torch = sys.modules.get("torch")  # who has a tensor has imported it; serving a net needs none of it
        if torch is not None and isinstance(images, torch.Tensor):
            found: Tensor = torch.from_numpy(self._run(images.detach().cpu().float().numpy()))
            return found
        return self._run(np.asarray(images, np.float32))

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
        """An image's channels, height and width, and the classes, as the library was compiled; net.json must agree."""
        found = (ctypes.c_int * 5)()
        self._c.sizes(found)
        channels, height, width, classes, layers = found
        about = self._about
        if (*about.image, about.classes, len(about.layers)) != (channels, height, width, classes, layers):
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

    def _run(self, images: npt.NDArray[np.float32]) -> Floats:
        if images.ndim != 4 or images.shape[1:] != self.image:
            wanted = "x".join(map(str, self.image))
            raise RequestError(
                f"images of shape {images.shape}; this net was exported for (N, C, H, W) with images of {wanted}:"
                " resize them, or export for another size with --set size=..."
            )
        images = np.ascontiguousarray(images)
        logits = np.empty((len(images), self.classes), np.float32)
        with self._lock:
            for start in range(0, len(images), self.batch):
                some, result = images[start : start + self.batch], logits[start : start + self.batch]
                self._check(self._c.run(self._open(), some.ctypes.data, len(some), result.ctypes.data))
        return logits

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
