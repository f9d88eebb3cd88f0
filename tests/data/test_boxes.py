"""Boxes: as many an image as there are, filled up with class -1; what is wrong is mended and said, or refused."""

import pytest
import torch

from tombola.data._augment_boxes import NO_BOX
from tombola.data._boxes import with_boxes
from tombola.data._boxes_read import fitted
from tombola.data.boxed_shapes import BoxedShapes
from tombola.errors import DataError

PIXELS = torch.zeros(2, 3, 8, 10, dtype=torch.uint8)
NONE = torch.empty(0, 5)


def test_boxes_are_filled_up_to_the_most_an_image_has() -> None:
    two = torch.tensor([[1.0, 0, 0, 2, 3], [0, 4, 4, 8, 8]])
    found = with_boxes(PIXELS, [NONE, two], ("a", "b"))
    batch = found.take(torch.tensor([1, 0]))
    assert torch.equal(batch.targets[0], two)
    assert batch.targets[1, :, 0].tolist() == [NO_BOX, NO_BOX]
    assert found.some(torch.tensor([1])).labels.shape == (1, 2, 5)


def test_a_set_without_any_box_has_one_empty_row_and_one_class_is_enough() -> None:
    assert with_boxes(PIXELS, [NONE, NONE], ("a",)).labels.shape == (2, 1, 5)


def test_boxes_are_cut_off_at_the_edges_and_what_is_outside_is_left_out_and_said() -> None:
    boxes = torch.tensor([[0.0, -4, 2, 4, 30], [1, 12, 1, 14, 3], [1, 3, 3, 3, 6]])
    with pytest.warns(UserWarning, match=r"mine: 2 of 3 boxes lie outside .* no area.*the first is of b\.png"):
        found = with_boxes(PIXELS, [NONE, boxes], ("a", "b"), ("a.png", "b.png"), "mine")
    assert found.labels[1].tolist() == [[0, 0, 2, 4, 8]]
    assert found.title_of(1) == "b.png"


def test_boxes_too_small_at_this_size_are_told_apart_and_all_of_them_refused() -> None:
    tiny, whole = [1.0, 2, 2, 2.5, 6], [0.0, 1, 1, 5, 5]
    with pytest.warns(UserWarning, match=r"1 of 2 boxes are less than a pixel at 8x10 \(write a larger height"):
        found = with_boxes(PIXELS, [NONE, torch.tensor([tiny, whole])], ("a", "b"))
    assert found.labels[1].tolist() == [whole]
    with pytest.raises(DataError, match="every box is less than a pixel at 8x10; write a larger height and width"):
        with_boxes(PIXELS, [NONE, torch.tensor([tiny])], ("a", "b"))


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ([2.0, 0, 0, 2, 2], "image 1 has a box of class 2; there are 0 to 1"),
        ([-1.0, 0, 0, 2, 2], "of class -1"),
        ([0.5, 0, 0, 2, 2], "of class 0.5"),
        ([0.0, 2, 0, 1, 2], "image 1 has a box whose right or bottom edge lies before"),
        ([0.0, 0, 3, 2, 2], r"write \(class, left, top, right, bottom\)"),
        ([0.0, 0, float("nan"), 2, 2], "image 1 has a box with an edge that is no number"),
        ([0.0, 0, 0, float("inf"), 2], "no number"),
        ([0.0, 0.1, 0.2, 0.5, 0.9], "seem to be shares of the image: write pixels"),
    ],
)
def test_a_wrong_box_is_refused_by_its_image(box: list[float], says: str) -> None:
    with pytest.raises(DataError, match=says):
        with_boxes(PIXELS, [NONE, torch.tensor([box])], ("a", "b"))


def test_boxes_of_another_shape_or_number_are_refused() -> None:
    with pytest.raises(DataError, match=r"give \(M, 5\)"):
        with_boxes(PIXELS, [NONE, torch.zeros(1, 4)], ("a",))
    with pytest.raises(DataError, match="2 images with boxes for 1"):
        with_boxes(PIXELS, [NONE], ("a",))


def test_an_image_is_made_to_fit_with_its_aspect_and_its_boxes() -> None:
    image = torch.full((3, 20, 40), 200, dtype=torch.uint8)
    canvas, boxes = fitted(image, torch.tensor([[1.0, 4, 2, 40, 20]]), (30, 20))
    assert canvas.shape == (3, 30, 20)
    assert boxes.tolist() == [[1, 2, 1, 20, 10]]
    assert (int(canvas[:, :10].min()), int(canvas[:, 10:].max())) == (200, 0)


def test_boxes_end_with_their_image_and_not_in_the_black_beside_it() -> None:
    image = torch.zeros(3, 20, 40, dtype=torch.uint8)
    beyond, outside = [0.0, 4, 10, 44, 30], [0.0, 4, 25, 8, 30]
    _, boxes = fitted(image, torch.tensor([beyond, outside]), (40, 40))
    assert boxes.tolist() == [[0, 4, 10, 40, 20], [0, 4, 20, 8, 20]]  # the second has no area left, and is left out


def test_generated_boxes_hold_what_is_seen_of_shapes() -> None:
    splits = BoxedShapes(size=24, num_train=40, num_val=2, num_test=2).load()
    labels = splits.train.labels
    there = labels[..., 0] >= 0
    sides = labels[..., 3:] - labels[..., 1:3]
    assert bool((sides[there] >= 2).all())
    assert float(labels[..., 1:].max()) <= 24
    assert set(labels[there][:, 0].tolist()) == {0, 1, 2}
    assert set(there.sum(1).tolist()) <= {0, 1, 2, 3}
