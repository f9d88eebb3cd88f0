"""A net of images in a folder of C."""

import ctypes
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tombola.exporters._alone.native_library import Library
from tombola.exporters._alone.net import Net


class NativeNet(Net):
    """What Tombola wrote as C; net.json says its classes and how images are made ready."""

    def __init__(self, folder: Path) -> None:
        self._library = Library(folder, ctypes.c_void_p, ctypes.c_int)
        super().__init__(self._library.notes, int(self._library.notes["image"][-1]))

    def logits(self, images: "npt.NDArray[np.float32]") -> "npt.NDArray[np.float32]":
        rows = np.ascontiguousarray(images)
        return np.array([self._library.logits(image.ctypes.data, 1) for image in rows], np.float32)


def opened_net(folder: Path) -> Net:
    """The net in a folder."""
    return NativeNet(folder)
