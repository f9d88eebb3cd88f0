"""Batches: each image once, in the order asked for, reading ahead from disk only."""

from dataclasses import dataclass, field, replace

import pytest
import torch
from torch import Tensor

from tombola.batch import to_float
from tombola.data._base import Images, InMemory, Subset
from tombola.data._loading import batches

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

    def pixels_at(self, indices: Tensor) -> Tensor:
        self.taken.append(indices.tolist())
        if 13 in indices and len(self.taken) > 100:
            raise OSError
        return SET.pixels_at(indices)


def seen(images: Images, batch: int, order: Tensor | None = None) -> list[list[int]]:
    return [shown.targets.tolist() for shown in batches(images, batch, order=order)]


@pytest.mark.parametrize("images", [SET, Slow(), Subset(SET, torch.arange(COUNT))])
def test_a_pass_shows_every_image_once_as_they_lie(images: Images) -> None:
    parts = seen(images, 5)
    assert [len(part) for part in parts] == [5, 5, 5, 5, 3]
    assert [label for part in parts for label in part] == list(range(COUNT))


@pytest.mark.parametrize("images", [SET, Slow(), Subset(SET, torch.arange(COUNT))])
def test_an_order_is_kept(images: Images) -> None:
    order = torch.randperm(COUNT, generator=torch.Generator().manual_seed(1))[:17]
    assert [label for part in seen(images, 4, order) for label in part] == order.tolist()


def test_images_and_labels_stay_together_as_floats_channels_last() -> None:
    for shown in batches(SET, 6):
        x, labels = shown.x, shown.targets
        assert x.dtype == torch.float32
        assert x.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal((x[:, 0, 0, 0] * 255).round().long(), labels)


def test_to_float_maps_bytes_onto_zero_to_one() -> None:
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 3, 1, 1)
    assert to_float(pixels).flatten().tolist() == pytest.approx([0, 0.2, 1])


def test_sets_on_disk_are_read_one_batch_ahead() -> None:
    slow = Slow()
    walk = batches(Subset(slow, torch.arange(COUNT)), 5)
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
