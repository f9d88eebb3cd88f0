"""A net of texts in an ONNX file, run by ONNX Runtime."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tombola.exporters._alone.text_net import TextNet


class OnnxTexts(TextNet):
    """What Tombola wrote as one file."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        self._session: Any = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        self.notes = json.loads(self._session.get_modelmeta().custom_metadata_map["tombola"])

    def logits(self, ids: Sequence[int], types: Sequence[int]) -> "npt.NDArray[np.float32]":
        every = {"input_ids": ids, "attention_mask": [1] * len(ids), "token_type_ids": types}
        given = {name: np.array([every[name]], np.int64) for name in self.notes["inputs"]}
        (found,) = self._session.run(None, given)
        return np.asarray(found[0], np.float32)


def opened_texts(file: Path) -> TextNet:
    """The net in a file."""
    return OnnxTexts(file)
