"""Average precision: of boxes found, missed, told twice and told unsurely, by numbers checked by hand."""

import math

import pytest
import torch
from torch import Tensor

from tombola.tasks.metrics.average_precision import AveragePrecision, intersection_over_union, matched

THERE = torch.tensor([[[0.0, 0, 0, 4, 4], [1, 4, 4, 8, 8]], [[0, 2, 2, 6, 6], [-1, 0, 0, 0, 0]]])


def told(*rows: tuple[float, int, tuple[float, float, float, float]]) -> Tensor:
    """Outputs of one image: how sure (a logit), which of two classes, the box; filled up to four with none."""
    found = torch.zeros(4, 7)
    found[:, 4] = -20
    for place, (sure, label, box) in enumerate(rows):
        found[place, :4], found[place, 4] = torch.tensor(box), sure
        found[place, 5 + label] = 20
    return found


PERFECT = torch.stack([told((3, 0, (0, 0, 4, 4)), (3, 1, (4, 4, 8, 8))), told((2, 0, (2, 2, 6, 6)))])


def precision(outputs: Tensor) -> float:
    metric = AveragePrecision()
    metric.update(outputs, THERE)
    return metric.compute()


def test_all_found_is_1_and_none_is_0() -> None:
    assert precision(PERFECT) == 1.0
    assert precision(torch.stack([told(), told()])) == 0.0


def test_a_miss_a_second_telling_and_a_wrong_one_cost() -> None:
    """Class 0: right, right, twice, so 1; then a surer wrong box first: 1/2 and 2/3 of two. Class 1 is missed."""
    twice = told((3, 0, (0, 0, 4, 4)), (1, 0, (0, 0, 4, 4)))
    assert precision(torch.stack([twice, PERFECT[1]])) == pytest.approx(0.5)
    wrong = told((5, 0, (5, 0, 8, 2)), (3, 0, (0, 0, 4, 4)))
    assert precision(torch.stack([wrong, PERFECT[1]])) == pytest.approx(0.5 * (2 / 3))


def test_a_box_of_another_class_or_elsewhere_is_none() -> None:
    other = told((3, 1, (0, 0, 4, 4)), (3, 0, (4, 4, 8, 8)))
    assert precision(torch.stack([other, told()])) == 0.0


def test_parts_merge_and_nan_is_nan() -> None:
    one, other = AveragePrecision(), AveragePrecision()
    one.update(PERFECT[:1], THERE[:1])
    other.update(PERFECT[1:], THERE[1:])
    one.merge(other)
    assert one.compute() == 1.0
    assert math.isnan(precision(PERFECT * math.nan))


def test_each_box_there_is_covered_once_by_the_surest() -> None:
    boxes, there = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 5]]), torch.tensor([[0.0, 0, 4, 4]])
    assert matched(boxes, torch.tensor([0.1, 0.9]), there, 0.5).tolist() == [False, True]
    assert matched(boxes, torch.tensor([0.1, 0.9]), there[:0], 0.5).tolist() == [False, False]
    assert float(intersection_over_union(boxes[1:], there)) == pytest.approx(0.8)
