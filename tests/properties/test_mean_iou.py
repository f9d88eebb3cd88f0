"""Mean IoU: one count over the whole split, on numbers checked by hand and against torchmetrics."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tombola import verbs
from tombola.data._base import of_images
from tombola.data._scenes import VOID
from tombola.errors import RequestError
from tombola.models.network import Network
from tombola.models.segmenting import segmenting
from tombola.models.source import Source
from tombola.properties.mean_iou import MeanIoU
from tombola.tasks._base import Task
from tombola.tasks.metrics.mean_iou import confusion, intersections_over_unions

SCENES = {"name": "segmentation:shapes", "size": 16, "num_train": 4, "num_val": 2, "num_test": 7}


class Constant(nn.Module):
    """A head that tells one class at every pixel."""

    def __init__(self, told: int) -> None:
        super().__init__()
        self.told = told

    def forward(self, maps: Tensor) -> Tensor:
        answers = maps.new_zeros(len(maps), 4, *maps.shape[2:])
        answers[:, self.told] = 1
        return answers


def telling(told: int) -> Network:
    network = segmenting(Source(name="resnet8").load(), "fcn", 4, seed=0).eval()
    setattr(network.body, network.head_name, Constant(told))
    return network


def test_the_count_and_the_ratios_by_hand() -> None:
    truth = torch.tensor([[0, 0, 1], [1, VOID, 2]])
    told = torch.tensor([[0, 1, 1], [1, 2, 0]])
    counts = confusion(told, truth, 4)
    assert counts.tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    each = intersections_over_unions(counts)
    assert each[:3].tolist() == pytest.approx([1 / 3, 2 / 3, 0])
    assert bool(each[3].isnan())


def test_absent_classes_are_left_out_and_predicted_ones_are_not() -> None:
    truth, told = torch.zeros(1, 2, 2), torch.tensor([[[0.0, 0.0], [0.0, 1.0]]])
    each = intersections_over_unions(confusion(told, truth, 3))
    assert each[:2].tolist() == [0.75, 0.0]
    assert each[each.isfinite()].mean() == 0.375


@pytest.mark.parametrize("batch", [1, 3, 16])
def test_it_is_of_the_whole_split_whatever_the_batch(batch: int) -> None:
    task = Task.parse(SCENES)
    labels = of_images(task.splits(), "a test").test.labels
    share = float((labels == 0).sum() / (labels != VOID).sum())
    rows = verbs.measure(telling(0), task, MeanIoU(batch=batch))
    assert [row.metric for row in rows] == ["mean_iou", "pixel_accuracy"]
    assert rows[0].value == pytest.approx(100 * share / 4)
    assert rows[1].value == pytest.approx(100 * share)
    assert rows[0].detail["iou background"] == pytest.approx(100 * share)
    assert rows[0].detail["iou disc"] == 0
    assert (rows[0].samples, rows[0].unit) == (7, "%")


def test_a_class_nobody_has_is_empty_in_the_detail() -> None:
    task = Task.parse({**SCENES, "num_test": 1, "seed": 1})
    present = set(torch.unique(of_images(task.splits(), "a test").test.labels).tolist()) - {VOID}
    row = verbs.measure(telling(0), task, "mean_iou")[0]
    empty = {name for name, value in row.detail.items() if value is None}
    assert empty == {f"iou {name}" for place, name in enumerate(task.splits().classes) if place not in present}
    assert empty


def test_the_model_comes_back_as_given() -> None:
    network = telling(1).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    verbs.measure(network, Task.parse(SCENES), "mean_iou")
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("task", "measured", "says"),
    [
        (SCENES, "accuracy", r"segmentation has a target a pixel; write measure: \[mean_iou\]"),
        ("digits", "mean_iou", "classification has a target a sample; write accuracy"),
        (SCENES, "mean_iou", "gives one answer an image, and mean_iou needs one a pixel"),
    ],
)
def test_what_does_not_go_together_says_what_to_write(task: Any, measured: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        verbs.measure(Source(name="resnet8").load(), Task.parse(task), measured)


@pytest.mark.slow
def test_torchmetrics_agrees() -> None:
    metrics = pytest.importorskip("torchmetrics.classification")
    drawn = torch.Generator().manual_seed(0)
    truth = torch.randint(0, 5, (6, 20, 30), generator=drawn)
    told = torch.where(torch.rand(truth.shape, generator=drawn) < 0.6, truth, truth.roll(1, 0))
    truth[torch.rand(truth.shape, generator=drawn) < 0.1] = VOID
    theirs = metrics.MulticlassJaccardIndex(5, ignore_index=VOID, average=None)(told, truth)
    ours = intersections_over_unions(confusion(told, truth, 5))
    torch.testing.assert_close(ours.float(), theirs)
