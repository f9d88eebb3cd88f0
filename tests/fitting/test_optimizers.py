"""Optimizers: one step on numbers one can check by eye."""

import pytest
import torch
from torch import nn

from tombola.fitting.optimizers._base import Optimizer


def stepped(name: str, **options: object) -> tuple[list[float], list[float]]:
    """A matrix of one 1.0 and a vector of one 1.0 after one step along a gradient of 0.5."""
    matrix, vector = nn.Parameter(torch.ones(1, 1)), nn.Parameter(torch.ones(1))
    optimizer = Optimizer.parse({"name": name, **options}).build([matrix, vector])
    matrix.grad, vector.grad = torch.full((1, 1), 0.5), torch.full((1,), 0.5)
    optimizer.step()
    return matrix.flatten().tolist(), vector.tolist()


def test_sgd_adds_the_decay_to_the_gradient() -> None:
    matrix, vector = stepped("sgd", lr=0.1, weight_decay=0.1)
    assert matrix == vector == pytest.approx([1 - 0.1 * (0.5 + 0.1)])


def test_vectors_can_be_spared_the_decay() -> None:
    matrix, vector = stepped("sgd", lr=0.1, weight_decay=0.1, spare_vectors=True)
    assert matrix + vector == pytest.approx([0.94, 0.95])


def test_adamw_decays_apart_from_the_gradient() -> None:
    matrix, vector = stepped("adamw", lr=0.1, weight_decay=0.5)
    assert matrix + vector == pytest.approx([1 - 0.05 - 0.1, 0.9])


def test_lars_steps_by_the_length_of_each_tensor_and_spares_vectors() -> None:
    matrix, vector = stepped("lars", lr=0.1, trust=0.01, weight_decay=0.1)
    assert matrix == pytest.approx([1 - 0.1 * 0.01])  # however long its gradient is
    assert vector == pytest.approx([1 - 0.1 * 0.5])


def test_lars_leaves_its_decay_where_it_was_and_zeros_where_they_are() -> None:
    weight = nn.Parameter(torch.tensor([[0.0, 2.0]]))
    optimizer = Optimizer.parse({"name": "lars", "lr": 1.0, "trust": 0.5, "weight_decay": 0.25}).build([weight])
    for _ in range(2):
        weight.grad = torch.tensor([[0.0, 1.0]])
        optimizer.step()
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.25]
    assert weight[0, 0].item() == 0
    # 2 - 1 = 1, then half of 1 and 0.9 of the step before
    assert weight[0, 1].item() == pytest.approx(1 - 0.5 - 0.9)
    weight.grad = torch.zeros(1, 2)
    optimizer.step()
    assert bool(weight.isfinite().all())
