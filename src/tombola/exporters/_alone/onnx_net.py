"""A net in an ONNX file, run by ONNX Runtime."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tombola.exporters._alone.net import Net


class OnnxNet(Net):
    """What Tombola wrote as one file; the file says its classes and how images are made ready."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        self._session: Any = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        notes = json.loads(self._session.get_modelmeta().custom_metadata_map["tombola"])
        super().__init__(notes, int(notes["size"][-1]))

    def logits(self, images: "npt.NDArray[np.float32]") -> "npt.NDArray[np.float32]":
        (found,) = self._session.run(None, {"images": images})
        return np.asarray(found, np.float32)


def opened_net(file: Path) -> Net:
    """The net in a file."""
    return OnnxNet(file)
