"""Batches as a pure function of the step: in an order drawn by (seed, epoch), gathered, sent to the device."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

from tombola.batch import Batch
from tombola.data._base import Examples
from tombola.errors import DataError
from tombola.fitting.seeds import generator

_AHEAD = 2
"""How many batches, or parts of one, are read before they are asked for, when examples are not in memory."""
_AT_ONCE = 4 << 30
"""Bytes of a set that goes to an accelerator as a whole."""


class Feed:
    """Training batches. ``batch_at(step)`` depends on the step alone, so a resumed run sees the same ones.

    Every epoch shows each example once. A last batch that is smaller is kept, except one of a single example (no batch
    statistics can be taken of it) and unless ``drop_last``.

    A batch may be cut into ``shards`` parts, as even as possible, of which ``mine`` are asked for; then a smaller last
    batch is kept if each part has two examples.
    """

    def __init__(
        self,
        examples: Examples,
        batch: int,
        *,
        seed: int,
        device: torch.device,
        drop_last: bool,
        shards: int = 1,
        mine: Sequence[int] = (0,),
    ) -> None:
        if len(examples) == 0:
            raise DataError("the training split holds no example")
        self.batch = min(batch, len(examples))
        if self.batch < shards:
            raise DataError(f"a batch of {self.batch} examples cannot be cut into shards={shards} parts; write fewer")
        full, rest = divmod(len(examples), self.batch)
        self.per_epoch = full + (rest >= 2 * shards and not drop_last)
        self._shards = shards
        self._mine = mine
        self._examples = examples
        self._seed = seed
        self._device = device
        self._held = _on_device(examples, device)
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))
        self._pool = ThreadPoolExecutor(1) if examples.on_disk else None
        self._coming: dict[tuple[int, int], Future[Batch]] = {}

    def batch_at(self, step: int, shard: int = 0) -> Batch:
        """A step's part on the device, images as floats in [0, 1] with channels last."""
        found = self._fetch(step, shard) if self._pool is None else self._fetched(step, shard, self._pool)
        return found.to_float(self._device)

    def shares(self, step: int) -> list[float]:
        """The share of the step's examples that each part has."""
        sizes = pieces(len(self._indices(step)), self._shards)
        return [size / sum(sizes) for size in sizes]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _fetched(self, step: int, shard: int, pool: ThreadPoolExecutor) -> Batch:
        each = len(self._mine)
        first = step * each + self._mine.index(shard)
        for number in range(first, first + 1 + _AHEAD):
            wanted = number // each, self._mine[number % each]
            if wanted not in self._coming:
                self._coming[wanted] = pool.submit(self._fetch, *wanted)
        return self._coming.pop((step, shard)).result()

    def _fetch(self, step: int, shard: int) -> Batch:
        chosen = self._indices(step)
        chosen = torch.split_with_sizes(chosen, pieces(len(chosen), self._shards))[shard]
        return self._examples.take(chosen) if self._held is None else self._held.part(chosen.to(self._device))

    def _indices(self, step: int) -> Tensor:
        epoch, place = divmod(step, self.per_epoch)
        if self._order[0] != epoch:
            drawn = generator(self._seed, "order", epoch)
            self._order = (epoch, self._examples.order(drawn, self.batch))
        return self._order[1][place * self.batch : (place + 1) * self.batch]


def pieces(count: int, shards: int) -> list[int]:
    """How many of ``count`` examples each part gets: as even as possible, the first ones have more."""
    return [count // shards + (shard < count % shards) for shard in range(shards)]


def _on_device(examples: Examples, device: torch.device) -> Batch | None:
    # A small set goes to an accelerator once; on the CPU it already is where it is used.
    found = None if device.type == "cpu" else examples.at_once(_AT_ONCE)
    return None if found is None else found.to(device)
