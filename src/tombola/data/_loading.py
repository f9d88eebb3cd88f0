"""Batches of a set on a device, one pass in a given order. What trains has its own feed, which knows epochs."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from tombola.batch import Batch
from tombola.data._base import Examples, cut


def batches(
    examples: Examples, batch: int, *, device: str | torch.device = "cpu", order: Tensor | None = None
) -> Iterator[Batch]:
    """The examples in ``order`` (as they lie when None), the last batch smaller; images as floats in [0, 1].

    Read one batch ahead when they are on disk.
    """
    order = torch.arange(len(examples)) if order is None else order
    yield from in_parts(examples, cut(order, batch), device=device)


def in_parts(examples: Examples, parts: Sequence[Tensor], *, device: str | torch.device = "cpu") -> Iterator[Batch]:
    """A batch of each part's numbers, read as `batches` does."""
    for taken in _taken(examples, parts):
        yield taken.to_float(device)


def _taken(examples: Examples, parts: Sequence[Tensor]) -> Iterator[Batch]:
    if not examples.on_disk:
        yield from map(examples.take, parts)
        return
    with ThreadPoolExecutor(1) as reader:
        ahead = [reader.submit(examples.take, part) for part in parts[:1]]
        for part in parts[1:]:
            taken = ahead.pop().result()
            ahead.append(reader.submit(examples.take, part))
            yield taken
        for last in ahead:
            yield last.result()
