"""`NetworkProbe`: what a score may ask of a network, answered without changing it."""

from collections.abc import Iterator, Mapping
from typing import final

import torch
from torch import Tensor

from tombola.fitting.devices import device_of
from tombola.fitting.seeds import generator
from tombola.models.network import Network
from tombola.tasks._base import Task


@final
class NetworkProbe:
    """Losses on a task's training images, and the flow of ones, through a copy of the network."""

    def __init__(self, model: Network, task: Task | None, *, seed: int, device: str) -> None:
        self._model = model
        self._task = task
        self._seed = seed
        self._device = device_of(device)

    def generator(self, *purpose: str | int) -> torch.Generator:
        return generator(self._seed, "score", *purpose)

    def losses(self, weights: Mapping[str, Tensor], *, batch: int, batches: int) -> Iterator[Tensor]:
        raise NotImplementedError

    def flow(self, weights: Mapping[str, Tensor]) -> Tensor:
        raise NotImplementedError
