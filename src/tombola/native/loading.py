"""`load`: an exported net of images, as something to call from Python."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, final, overload

import numpy as np
import numpy.typing as npt

from tombola.errors import RequestError
from tombola.native.about import About
from tombola.native.started import Floats, Started

if TYPE_CHECKING:
    from torch import Tensor


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


@final
class Net(Started):
    """``net(images)`` gives logits: ``classes`` for an image of ``image``, its channels, height and width."""

    @property
    def image(self) -> tuple[int, int, int]:
        """An image's channels, height and width."""
        return self._shown

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

    def once(self) -> None:
        self._run(np.random.default_rng(0).random((1, *self.image), np.float32))

    def _check_shown(self, about: About) -> None:
        if about.inputs:
            raise RequestError("this net reads texts; load it with tombola.native.load_texts")

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
