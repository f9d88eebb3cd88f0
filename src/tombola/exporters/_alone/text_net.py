"""What `text_program` asks of a net, whatever runs it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


class TextNet(ABC):
    """One text in, logits out; ``notes`` are Tombola's, ``longest`` is how many tokens go, where that is known."""

    notes: Mapping[str, Any]
    longest: int | None = None

    @abstractmethod
    def logits(self, ids: Sequence[int], types: Sequence[int]) -> "npt.NDArray[np.float32]":
        """Of the ids of a text, and which of a pair each is of."""
