"""Average precision of a network over a test split: perfect boxes, poor ones, each class, and the interval."""

import pytest
import torch
from torch import Tensor, nn

from tombola import verbs
from tombola.errors import RequestError, StageError
from tombola.models.heading import headed
from tombola.models.heads.boxes import CentrePoints
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.properties.average_precision import AveragePrecisionOf
from tombola.tasks._base import Task

BOXES = {"name": "detection:boxed_shapes", "size": 16, "num_train": 4, "num_val": 2, "num_test": 7}


class Oracle(nn.Module):
    """A body that tells the boxes of the test split, in its order, moved by some pixels."""

    def __init__(self, targets: Tensor, moved: float) -> None:
        super().__init__()
        self.head = CentrePoints(nn.Conv2d(3, 7, 1))
        self.targets, self.moved, self.at = targets, moved, 0

    def forward(self, x: Tensor) -> Tensor:
        found = torch.full((len(x), 9, 16, 16), -9.0)
        found[:, 4] = torch.arange(16) + 0.5
        found[:, 5] = (torch.arange(16) + 0.5)[:, None]
        for image, boxes in enumerate(self.targets[self.at : self.at + len(x)]):
            for place, (label, *corners) in enumerate(boxes[boxes[:, 0] >= 0].tolist()):
                found[image, :4, 3 * place, 5] = torch.tensor(corners) + self.moved
                found[image, 6 + int(label), 3 * place, 5] = 5.0 - place
        self.at += len(x)
        return found


def telling(task: Task, moved: float = 0.0) -> Network:
    targets = task.splits().test.take(torch.arange(7)).targets
    return Network(Oracle(targets, moved), source="oracle", head="head")


@pytest.mark.parametrize("batch", [1, 3, 16])
def test_perfect_boxes_are_100_whatever_the_batch(batch: int) -> None:
    task = Task.parse(BOXES)
    rows = verbs.measure(telling(task), task, AveragePrecisionOf(batch=batch, resamples=20))
    assert [(row.metric, row.value, row.unit, row.samples) for row in rows] == [
        ("average_precision", 100, "%", 7), ("ap50", 100, "%", 7), ("ap75", 100, "%", 7),
    ]  # fmt: skip
    assert rows[0].detail == {
        "ap disc": 100,
        "ap square": 100,
        "ap triangle": 100,
        "low": 100,
        "high": 100,
        "level": 0.95,
    }


def test_boxes_beside_theirs_are_right_at_loose_overlaps_only_and_the_interval_holds_the_value() -> None:
    task = Task.parse(BOXES)
    whole, loose, strict = verbs.measure(telling(task, 0.7), task, "average_precision")
    assert loose.value > whole.value > strict.value
    low, high = float(whole.detail["low"] or 0), float(whole.detail["high"] or 0)
    assert low < whole.value < high
    assert "low" not in verbs.measure(telling(task, 0.7), task, AveragePrecisionOf(resamples=0))[0].detail


def test_a_class_nobody_has_is_empty_in_the_detail() -> None:
    task = Task.parse({**BOXES, "num_test": 1, "seed": 1})
    network = headed(Source(name="resnet8", width=0.25).load(), "boxes", 7, seed=0)
    detail = verbs.measure(network, task, "average_precision")[0].detail
    there = {int(label) for label in task.splits().test.take(torch.arange(1)).targets[0, :, 0].tolist() if label >= 0}
    absent = {f"ap {name}" for place, name in enumerate(task.splits().classes) if place not in there}
    assert {name for name, value in detail.items() if value is None} == absent


def test_a_network_without_boxes_or_with_other_classes_is_refused() -> None:
    task = Task.parse(BOXES)
    classifier = Source(name="resnet8", width=0.25).load()
    for network in (classifier, headed(classifier, "boxes", 6, seed=0)):
        with pytest.raises(RequestError, match="tells no boxes of this task's classes; transfer a ticket"):
            verbs.measure(network, task, "average_precision")
    with pytest.raises(RequestError, match="average_precision is of boxes, and classification has a target a sample"):
        verbs.measure(classifier, "digits", "average_precision")


def test_a_broken_network_says_so() -> None:
    task = Task.parse(BOXES)
    network = headed(Source(name="resnet8", width=0.25).load(), "boxes", 7, seed=0)
    with torch.no_grad():
        next(network.head.parameters()).fill_(torch.nan)
    with pytest.raises(StageError, match="its outputs hold NaN"):
        verbs.measure(network, task, "average_precision")
