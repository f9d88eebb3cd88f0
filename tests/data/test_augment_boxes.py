"""Images and boxes are changed together: what a box was around before it is around after."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tombola.data._augment_boxes import augment_boxes, cut_off, flip, mirrored, scaled


def boxed(count: int = 6, height: int = 24, width: int = 40) -> tuple[Tensor, Tensor]:
    """White rectangles on black, one an image, each in its box; the last row only fills up."""
    drawn = torch.Generator().manual_seed(0)
    x, boxes = torch.zeros(count, 3, height, width), torch.zeros(count, 2, 5)
    boxes[:, 1, 0] = -1
    for place in range(count):
        left, top = int(torch.randint(4, 20, (), generator=drawn)), int(torch.randint(4, 10, (), generator=drawn))
        x[place, :, top : top + 9, left : left + 14] = 1
        boxes[place, 0] = torch.tensor([place % 3, left, top, left + 14, top + 9])
    return x, boxes


def around(image: Tensor) -> list[float]:
    """The box of what is bright."""
    rows, columns = torch.nonzero(image[0] > 0.5, as_tuple=True)
    return [float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)]


def test_flipped_twice_is_as_it_was() -> None:
    _, boxes = boxed()
    assert torch.equal(mirrored(mirrored(boxes, 40), 40), boxes)
    assert torch.equal(mirrored(boxes, 40)[:, 1], boxes[:, 1])


def test_a_flip_is_of_both() -> None:
    x, boxes = boxed(30)
    turned, there = flip(x, boxes, generator=torch.Generator().manual_seed(1))
    assert [around(image) for image in turned] == there[:, 0, 1:].tolist()
    assert 6 < int((there != boxes).flatten(1).any(1).sum()) < 24


@given(seed=st.integers(0, 10_000), low=st.floats(0.6, 1.0), high=st.floats(1.0, 1.6))
def test_scaling_moves_every_box_with_what_is_in_it(seed: int, low: float, high: float) -> None:
    x, boxes = boxed(4)
    moved, there = scaled(x, boxes, (low, high), generator=torch.Generator().manual_seed(seed))
    assert (moved.shape, there.shape) == (x.shape, boxes.shape)
    for image, (label, *corners) in zip(moved, there[:, 0].tolist(), strict=True):
        if label >= 0 and min(corners[2] - corners[0], corners[3] - corners[1]) > 2:
            assert around(image) == pytest.approx(corners, abs=1.01)
    assert bool((there[:, 1, 0] == -1).all())


def test_a_scale_of_one_changes_nothing_and_what_leaves_the_image_is_none() -> None:
    x, boxes = boxed()
    still, same = scaled(x, boxes, (1.0, 1.0), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(still, x)
    torch.testing.assert_close(same, boxes)
    _, far = scaled(x, boxes, (9.0, 9.0), generator=torch.Generator().manual_seed(0))
    gone = far[:, 0, 0] == -1
    assert 0 < int(gone.sum()) < 6
    assert not far[gone][:, 0, 1:].any()


def test_slivers_are_none() -> None:
    boxes = torch.tensor([[[2.0, 9.2, 0, 30, 5], [2.0, 8.9, 0, 30, 5], [-1, 0, 0, 0, 0]]])
    assert cut_off(boxes, 10, 5)[0].tolist() == [[-1, 0, 0, 0, 0], [2, pytest.approx(8.9), 0, 10, 5], [-1, 0, 0, 0, 0]]


@pytest.mark.parametrize("policy", ["none", "flip", "flip_scale"])
def test_layout_stays_and_the_generator_decides(policy: str) -> None:
    x, boxes = boxed()
    x = x.contiguous(memory_format=torch.channels_last)

    def changed() -> tuple[Tensor, Tensor]:
        drawn = torch.Generator().manual_seed(5)
        return augment_boxes(x, boxes, policy, scale=(0.5, 2.0), generator=drawn)  # type: ignore[arg-type]  # a policy

    (one, first), (two, second) = changed(), changed()
    assert one.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(one, two)
    assert torch.equal(first, second)
    assert torch.equal(first, boxes) == (policy == "none")
