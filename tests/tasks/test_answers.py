"""What is told right: NaN is neither right nor wrong, whatever argmax makes of it."""

import torch

from tombola.tasks._answers import right
from tombola.tasks._base import Task

NAN = float("nan")


def test_an_image_whose_outputs_hold_nan_has_no_score() -> None:
    outputs = torch.tensor([[0.0, 1.0], [NAN, 1.0], [NAN, NAN], [float("inf"), 0.0]])
    found = Task.parse("digits").scores(outputs, torch.tensor([1, 0, 0, 0]))
    assert [value if value == value else None for value in found.tolist()] == [1.0, None, None, 1.0]


def test_a_pixel_whose_outputs_hold_nan_leaves_its_image_without_a_score() -> None:
    outputs = torch.zeros(2, 3, 2, 2)
    outputs[:, 1] = 1.0
    outputs[1, 2, 0, 1] = NAN
    targets = torch.ones(2, 2, 2, dtype=torch.int64)
    assert right(outputs, targets).isnan().sum() == 1
    found = Task.parse("segmentation:shapes").scores(outputs, targets)
    assert float(found[0]) == 1.0
    assert bool(found[1].isnan())
