"""A net of texts in a folder of C."""

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tombola.exporters._alone.native_library import Library
from tombola.exporters._alone.text_net import TextNet


class NativeTexts(TextNet):
    """What Tombola wrote as C."""

    def __init__(self, folder: Path) -> None:
        pointer, number = ctypes.c_void_p, ctypes.c_int
        self._library = Library(folder, pointer, pointer, pointer, number, number)
        self.notes = self._library.notes
        self.longest = int(self.notes["texts"]["length"])

    def logits(self, ids: Sequence[int], types: Sequence[int]) -> "npt.NDArray[np.float32]":
        of_words, of_types = np.array(ids, np.int32), np.array(types, np.int32)
        return self._library.logits(of_words.ctypes.data, None, of_types.ctypes.data, len(of_words), 1)


def opened_texts(folder: Path) -> TextNet:
    """The net in a folder."""
    return NativeTexts(folder)
