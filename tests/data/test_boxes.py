"""Boxes: as many an image as there are, filled up with class -1; wrong ones are refused by their image."""

import pytest
import torch

from tombola.data._boxes import NO_BOX, with_boxes
from tombola.errors import DataError

PIXELS = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
NONE = torch.empty(0, 5)


def test_boxes_are_filled_up_to_the_most_an_image_has() -> None:
    two = torch.tensor([[1.0, 0, 0, 2, 3], [0, 4, 4, 8, 8]])
    found = with_boxes(PIXELS, [NONE, two], ("a", "b"))
    batch = found.take(torch.tensor([1, 0]))
    assert torch.equal(batch.targets[0], two)
    assert batch.targets[1, :, 0].tolist() == [NO_BOX, NO_BOX]
    assert found.some(torch.tensor([1])).labels.shape == (1, 2, 5)


def test_a_set_without_any_box_has_one_empty_row() -> None:
    assert with_boxes(PIXELS, [NONE, NONE], ("a",)).labels.shape == (2, 1, 5)


@pytest.mark.parametrize("box", [[2.0, 0, 0, 2, 2], [-1.0, 0, 0, 2, 2], [0.0, 2, 0, 2, 2], [0.0, 0, 3, 2, 2]])
def test_a_box_of_no_class_or_no_size_is_refused(box: list[float]) -> None:
    with pytest.raises(DataError, match="image 1 has a box"):
        with_boxes(PIXELS, [NONE, torch.tensor([box])], ("a", "b"))


def test_boxes_of_another_shape_or_number_are_refused() -> None:
    with pytest.raises(DataError, match=r"give \(M, 5\)"):
        with_boxes(PIXELS, [NONE, torch.zeros(1, 4)], ("a",))
    with pytest.raises(DataError, match="2 images with boxes for 1"):
        with_boxes(PIXELS, [NONE], ("a",))
