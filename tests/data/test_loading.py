"""Batches: each image once an epoch, an order without state, resuming anywhere, reading ahead from disk only."""

from dataclasses import dataclass, field, replace

import pytest
import torch
from torch import Tensor

from tombola.data._base import Images, InMemory, Subset
from tombola.data._loading import batches, epoch_order, num_batches, to_float

COUNT = 23
SET = InMemory(
    torch.arange(COUNT).view(-1, 1, 1, 1).expand(-1, 3, 2, 2).to(torch.uint8).contiguous(),
    torch.arange(COUNT),
    tuple(map(str, range(COUNT))),
)


@dataclass(frozen=True)
class Slow(Images):
    """The same images as if on disk; notes what was taken."""

    labels: Tensor = field(default_factory=lambda: SET.labels)
    classes: tuple[str, ...] = SET.classes
    size: int = 2
    on_disk: bool = True
    taken: list[list[int]] = field(default_factory=list)

    def take(self, indices: Tensor) -> Tensor:
        self.taken.append(indices.tolist())
        if 13 in indices and len(self.taken) > 100:
            raise OSError
        return SET.take(indices)


def seen(images: Images, batch: int, *, epoch: int = 0, start: int = 0, drop_last: bool = False) -> list[list[int]]:
    found = batches(images, batch, seed=1, epoch=epoch, start=start, drop_last=drop_last)
    return [labels.tolist() for _, labels in found]


def test_an_epoch_shows_every_image_once() -> None:
    parts = seen(SET, 5)
    assert [len(part) for part in parts] == [5, 5, 5, 5, 3]
    assert sorted(label for part in parts for label in part) == list(range(COUNT))


def test_the_last_part_can_be_dropped() -> None:
    assert [len(part) for part in seen(SET, 5, drop_last=True)] == [5, 5, 5, 5]
    assert num_batches(COUNT, 5) == 5
    assert num_batches(COUNT, 5, drop_last=True) == 4


def test_images_and_labels_stay_together_as_floats_channels_last() -> None:
    for x, labels in batches(SET, 6):
        assert x.dtype == torch.float32
        assert x.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal((x[:, 0, 0, 0] * 255).round().long(), labels)


def test_to_float_maps_bytes_onto_zero_to_one() -> None:
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 3, 1, 1)
    assert to_float(pixels).flatten().tolist() == pytest.approx([0, 0.2, 1])


def test_order_is_a_function_of_seed_and_epoch() -> None:
    assert seen(SET, 5, epoch=3) == seen(SET, 5, epoch=3)
    assert seen(SET, 5, epoch=3) != seen(SET, 5, epoch=4)
    orders = {tuple(epoch_order(50, seed, epoch).tolist()) for seed in range(10) for epoch in range(10)}
    assert len(orders) == 100


@pytest.mark.parametrize("images", [SET, Slow(), Subset(SET, torch.arange(COUNT))])
@pytest.mark.parametrize("start", [0, 1, 3, 5])
def test_resuming_at_any_batch_gives_the_rest(images: Images, start: int) -> None:
    assert seen(images, 5, epoch=2, start=start) == seen(SET, 5, epoch=2)[start:]


def test_without_shuffling_images_come_as_they_lie() -> None:
    assert torch.cat([labels for _, labels in batches(SET, 4, shuffle=False)]).tolist() == list(range(COUNT))


def test_sets_on_disk_are_read_one_batch_ahead() -> None:
    slow = Slow()
    walk = batches(Subset(slow, torch.arange(COUNT)), 5, shuffle=False)
    next(walk)
    next(walk)
    walk.close()  # type: ignore[attr-defined]  # a generator
    assert len(slow.taken) == 3


def test_an_error_while_reading_ahead_reaches_the_caller() -> None:
    slow = replace(Slow(), taken=[[]] * 101)
    with pytest.raises(OSError):  # noqa: PT011  the stand-in's own
        list(batches(slow, 5))


def test_an_empty_set_has_no_batches() -> None:
    assert list(batches(Subset(SET, torch.arange(0)), 4)) == []
    assert list(batches(Subset(Slow(), torch.arange(0)), 4)) == []
