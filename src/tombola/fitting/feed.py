"""Batches as a pure function of the step: shuffled by (seed, epoch), gathered from uint8 images, sent to the device."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

from tombola.data._base import Images
from tombola.data._loading import to_float
from tombola.errors import DataError
from tombola.fitting.seeds import generator

_AHEAD = 2
"""How many batches, or parts of one, are decoded before they are asked for, when images are not in memory."""


class Feed:
    """Training batches. ``batch_at(step)`` depends on the step alone, so a resumed run sees the same ones.

    Every epoch shows each image once. A last batch that is smaller is kept, except one of a single image (no batch
    statistics can be taken of it) and unless ``drop_last``.

    A batch may be cut into ``shards`` parts, as even as possible, of which ``mine`` are asked for; then a smaller last
    batch is kept if each part has two images.
    """

    def __init__(
        self,
        images: Images,
        batch: int,
        *,
        seed: int,
        device: torch.device,
        drop_last: bool,
        shards: int = 1,
        mine: Sequence[int] = (0,),
    ) -> None:
        if len(images) == 0:
            raise DataError("the training split holds no image")
        self.batch = min(batch, len(images))
        if self.batch < shards:
            raise DataError(f"a batch of {self.batch} images cannot be cut into shards={shards} parts; write fewer")
        full, rest = divmod(len(images), self.batch)
        self.per_epoch = full + (rest >= 2 * shards and not drop_last)
        self._shards = shards
        self._mine = mine
        self._images = images
        self._seed = seed
        self._device = device
        self._held = _on_device(images, device)
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))
        self._pool = ThreadPoolExecutor(1) if images.on_disk else None
        self._coming: dict[tuple[int, int], Future[tuple[Tensor, Tensor]]] = {}

    def batch_at(self, step: int, shard: int = 0) -> tuple[Tensor, Tensor]:
        """The images of a step's part as float in [0, 1], channels last, and their labels, on the device."""
        pixels, labels = self._fetch(step, shard) if self._pool is None else self._fetched(step, shard, self._pool)
        return to_float(pixels, self._device), labels.to(self._device)

    def shares(self, step: int) -> list[float]:
        """The share of the step's images that each part has."""
        sizes = pieces(len(self._indices(step)), self._shards)
        return [size / sum(sizes) for size in sizes]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _fetched(self, step: int, shard: int, pool: ThreadPoolExecutor) -> tuple[Tensor, Tensor]:
        each = len(self._mine)
        first = step * each + self._mine.index(shard)
        for number in range(first, first + 1 + _AHEAD):
            wanted = number // each, self._mine[number % each]
            if wanted not in self._coming:
                self._coming[wanted] = pool.submit(self._fetch, *wanted)
        return self._coming.pop((step, shard)).result()

    def _fetch(self, step: int, shard: int) -> tuple[Tensor, Tensor]:
        chosen = self._indices(step)
        chosen = torch.split_with_sizes(chosen, pieces(len(chosen), self._shards))[shard]
        if self._held is None:
            return self._images.take(chosen), self._images.labels[chosen]
        pixels, labels = self._held
        chosen = chosen.to(self._device)
        return pixels[chosen], labels[chosen]

    def _indices(self, step: int) -> Tensor:
        epoch, place = divmod(step, self.per_epoch)
        if self._order[0] != epoch:
            shuffled = torch.randperm(len(self._images), generator=generator(self._seed, "order", epoch))
            self._order = (epoch, shuffled)
        return self._order[1][place * self.batch : (place + 1) * self.batch]


def pieces(count: int, shards: int) -> list[int]:
    """How many of ``count`` images each part gets: as even as possible, the first ones have more."""
    return [count // shards + (shard < count % shards) for shard in range(shards)]


def _on_device(images: Images, device: torch.device) -> tuple[Tensor, Tensor] | None:
    # A small set goes to an accelerator once; on the CPU it already is where it is used.
    if device.type == "cpu" or images.on_disk or len(images) * 3 * images.size**2 > 4 << 30:
        return None
    return images.take(torch.arange(len(images))).to(device), images.labels.to(device)
