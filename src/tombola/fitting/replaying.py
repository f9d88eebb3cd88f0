"""A batch trained on several times in a row, moved in between by what is carried from step to step."""

from collections.abc import Mapping
from typing import Final, final

import torch
from torch import Tensor

from tombola.fitting.ranks import Ranks
from tombola.fitting.state import filed, under
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


@final
class Replays:
    """The replaying of each part of a batch that this process works; a batch of one part has one."""

    def __init__(self, replay: Replay | None, batch: int, shards: int, ranks: Ranks) -> None:
        self._parts = {shard: Replaying(replay, -(-batch // shards)) for shard in ranks.dealt(shards)}
        self._carries = replay is not None
        self._shards = shards
        self._ranks = ranks

    def of(self, shard: int) -> Replaying:
        """That of one part."""
        return self._parts[shard]

    def batch_of(self, step: int) -> int:
        """The number of the batch that ``step`` trains on, the same for all parts."""
        return next(iter(self._parts.values())).batch_of(step)

    def tensors(self) -> dict[str, Tensor]:
        """What is carried of all parts, in all processes, for a checkpoint."""
        if self._shards == 1 or not self._carries:
            return next(iter(self._parts.values())).tensors()
        here = {shard: _on_cpu(replaying.tensors()) for shard, replaying in self._parts.items()}
        everywhere = {shard: found for there in self._ranks.gathered(here) for shard, found in there.items()}
        return {name: t for shard, found in everywhere.items() for name, t in filed(found, str(shard)).items()}

    def restore(self, tensors: Mapping[str, Tensor], device: torch.device) -> None:
        """Continue from a checkpoint's."""
        for shard, replaying in self._parts.items():
            replaying.restore(dict(tensors) if self._shards == 1 else under(tensors, str(shard)), device)


def _on_cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.cpu() for name, tensor in tensors.items()}
