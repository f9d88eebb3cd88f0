"""A batch trained on several times in a row, moved in between by what is carried from step to step."""

from typing import Final, final

import torch
from torch import Tensor

from tombola.objectives._base import Replay


@final
class Replaying:
    """Which batch a step trains on, and what is carried. Without a replay every step has its own and nothing moves."""

    def __init__(self, replay: Replay | None, batch: int) -> None:
        self._replay = replay
        self._batch: Final = batch
        self._carried: Tensor | None = None
        self._leaf: Tensor | None = None

    def batch_of(self, step: int) -> int:
        """The number of the batch that ``step`` trains on; its augmentation is drawn by it too."""
        return step if self._replay is None else step // self._replay.times

    def moved(self, x: Tensor) -> Tensor:
        """The images to train on: ``x`` itself without a replay."""
        if self._replay is None:
            return x
        images, self._leaf = self._replay.moved(x, self._over(x))
        return images

    def advance(self) -> None:
        """After the backward: move what is carried."""
        if self._replay is not None and self._carried is not None and self._leaf is not None:
            self._replay.advance(self._carried, self._leaf)
            self._leaf = None

    def tensors(self) -> dict[str, Tensor]:
        """What is carried, for a checkpoint."""
        return {} if self._carried is None else {"perturbation": self._carried}

    def restore(self, tensors: dict[str, Tensor], device: torch.device) -> None:
        """Continue from a checkpoint's."""
        found = tensors.get("perturbation")
        if found is not None:
            self._carried = found.to(device).contiguous(memory_format=torch.channels_last)

    def _over(self, x: Tensor) -> Tensor:
        """What is carried, for as many images as a whole batch has: a smaller one uses its first part."""
        if self._carried is None:
            size = max(self._batch, len(x))
            self._carried = x.new_zeros(size, *x.shape[1:]).contiguous(memory_format=torch.channels_last)
        return self._carried
