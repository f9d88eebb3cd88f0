"""Average precision: boxes found, missed, told twice and told unsurely, by hand; and the same as COCO's own code."""

import math
import warnings
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from tombola.models.heads._detector import Told
from tombola.tasks.metrics.average_precision import (
    OVERLAPS,
    RECALLS,
    AveragePrecision,
    intersections_over_unions,
    judged,
    matched,
    precisions,
)

Row = tuple[float, int, tuple[float, float, float, float]]

THERE = torch.tensor([[[0.0, 0, 0, 4, 4], [1, 4, 4, 8, 8]], [[0, 2, 2, 6, 6], [-1, 0, 0, 0, 0]]])


def said(*rows: Row) -> Told:
    """Boxes of one image: how sure, which class, the box."""
    sure, classes, boxes = ([row[part] for row in rows] for part in range(3))
    return Told(torch.tensor(boxes).view(-1, 4), torch.tensor(sure), torch.tensor(classes).long())


PERFECT = [said((0.9, 0, (0, 0, 4, 4)), (0.9, 1, (4, 4, 8, 8))), said((0.8, 0, (2, 2, 6, 6)))]


def precision(found: Sequence[Told], overlaps: Sequence[float] = (0.5,)) -> float:
    metric = AveragePrecision(overlaps)
    metric.add(found, THERE)
    return metric.compute()


def test_all_found_is_1_and_none_is_0() -> None:
    assert precision(PERFECT, OVERLAPS) == 1.0
    assert precision([said(), said()]) == 0.0


def test_a_miss_a_second_telling_and_a_wrong_one_cost() -> None:
    """Class 0: right, right, twice, so 1; then a surer wrong box first: 2/3 at every recall. Class 1 is missed."""
    twice = said((0.9, 0, (0, 0, 4, 4)), (0.1, 0, (0, 0, 4, 4)))
    assert precision([twice, PERFECT[1]]) == pytest.approx(0.5)
    wrong = said((0.95, 0, (5, 0, 8, 2)), (0.9, 0, (0, 0, 4, 4)))
    assert precision([wrong, PERFECT[1]]) == pytest.approx(0.5 * (2 / 3))


def test_half_of_a_class_found_is_51_of_101_recalls() -> None:
    assert precision([PERFECT[0], said()]) == pytest.approx((51 / 101 + 1) / 2)


def test_a_box_of_another_class_or_elsewhere_is_none() -> None:
    other = said((0.9, 1, (0, 0, 4, 4)), (0.9, 0, (4, 4, 8, 8)))
    assert precision([other, said()]) == 0.0


def test_how_well_it_lies_counts_at_stricter_overlaps() -> None:
    """Each box is told a quarter too wide: an overlap of 0.8, so right at seven of ten."""
    wide = [
        said(*((0.9, label, (x, y, x + 5, y + 4)) for label, x, y in rows))
        for rows in ([(0, 0, 0), (1, 4, 4)], [(0, 2, 2)])
    ]
    assert precision(wide, OVERLAPS) == pytest.approx(0.7)


def test_parts_merge_and_what_saw_nothing_says_nothing() -> None:
    one, other = AveragePrecision(), AveragePrecision()
    one.add(PERFECT[:1], THERE[:1])
    other.add(PERFECT[1:], THERE[1:])
    one.merge(other)
    assert one.compute() == 1.0
    assert math.isnan(AveragePrecision().compute())


def test_each_box_there_is_covered_once_and_the_next_best_free_one_is_taken() -> None:
    boxes, there = np.array([[0.0, 0, 4, 5], [0, 0, 4, 4]]), np.array([[0.0, 0, 4, 4]])
    assert matched(boxes, there, (0.5,)).tolist() == [[True, False]]
    assert matched(boxes, there[:0], (0.5,)).tolist() == [[False, False]]
    both = np.array([[0.0, 0, 4, 4], [0, 0, 4, 6]])
    assert matched(boxes[::-1], both, (0.5, 0.9)).tolist() == [[True, True], [True, False]]
    assert float(intersections_over_unions(boxes[:1], there)[0, 0]) == pytest.approx(0.8)


def test_an_image_drawn_twice_counts_twice() -> None:
    wrong = said((0.95, 0, (5, 0, 8, 2)), (0.9, 0, (0, 0, 4, 4)), (0.9, 1, (4, 4, 8, 8)))
    images = [judged(one, own[own[:, 0] >= 0]) for one, own in zip((wrong, PERFECT[1]), THERE, strict=True)]
    often = precisions(images, np.array([2, 0]))
    again = precisions([images[0], images[0]])
    for label, value in again.items():
        assert value is not None
        np.testing.assert_allclose(often[label], value)  # type: ignore[arg-type]  # not None, or it fails
    assert precisions(images, np.array([0, 2]))[1] is None


def scattered(count: int, drawn: torch.Generator) -> Tensor:
    """Boxes (count, 4) in an image of 64 pixels."""
    corner = 48 * torch.rand(count, 2, generator=drawn)
    return torch.cat([corner, corner + 2 + 14 * torch.rand(count, 2, generator=drawn)], 1)


def case(seed: int) -> tuple[list[Told], list[Tensor]]:
    """Boxes of three classes in seven images, and what a poor detector tells of them; some images are empty."""
    drawn = torch.Generator().manual_seed(seed)
    found, there = [], []
    for image in range(7):
        count = 0 if image == 3 else int(torch.randint(1, 9, (), generator=drawn))
        boxes = scattered(count, drawn)
        labels = torch.randint(0, 3, (count,), generator=drawn)
        near = boxes + 1.5 * torch.randn(count, 4, generator=drawn)
        near[:, 2:] = torch.maximum(near[:, 2:], near[:, :2] + 0.5)
        more = scattered(4, drawn)
        kinds = torch.cat([labels, torch.randint(0, 4, (4,), generator=drawn)])
        sure = torch.rand(count + 4, generator=drawn).round(decimals=1 + seed % 3)  # with ties
        found.append(Told(torch.cat([near, more]), sure, kinds))
        there.append(torch.cat([labels[:, None].float(), boxes], 1))
    return found, there


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_torchmetrics_agrees(seed: int) -> None:
    pytest.importorskip("pycocotools")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library = pytest.importorskip("torchmetrics.detection")
        # Left alone it rounds COCO's thresholds to float32, so that a recall of 3/5 is below its 0.6.
        theirs = library.MeanAveragePrecision(
            class_metrics=True, rec_thresholds=RECALLS.tolist(), iou_thresholds=[*OVERLAPS]
        )
        found, there = case(seed)
        theirs.update(
            [{"boxes": one.boxes, "scores": one.sure, "labels": one.classes} for one in found],
            [{"boxes": own[:, 1:], "labels": own[:, 0].long()} for own in there],
        )
        expected = theirs.compute()
    each = {label: value for label, value in precisions([*map(judged, found, there)]).items() if value is not None}
    values = np.array([*each.values()])
    assert values.mean() == pytest.approx(float(expected["map"]), abs=1e-6)
    assert values[:, 0].mean() == pytest.approx(float(expected["map_50"]), abs=1e-6)
    assert values[:, 5].mean() == pytest.approx(float(expected["map_75"]), abs=1e-6)
    of_class = dict(zip(expected["classes"].tolist(), expected["map_per_class"].tolist(), strict=True))
    assert {label: value for label, value in of_class.items() if value >= 0} == pytest.approx(
        {label: float(value.mean()) for label, value in each.items()}, abs=1e-6
    )
