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
