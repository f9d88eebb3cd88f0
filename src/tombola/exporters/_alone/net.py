"""What `program` asks of a net, whatever runs it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


class Net(ABC):
    """Images of ``size`` pixels in, logits out; ``classes`` names the outputs, ``crop`` is the middle that is kept."""

    def __init__(self, notes: Mapping[str, Any], size: int) -> None:
        adapted = notes["adapted"]
        self.size, self.crop = size, float(adapted["preprocessing"]["crop"])
        self.classes = tuple(adapted["classes"])

    @abstractmethod
    def logits(self, images: "npt.NDArray[np.float32]") -> "npt.NDArray[np.float32]":
        """(N, classes) of images (N, 3, size, size) in [0, 1]."""
