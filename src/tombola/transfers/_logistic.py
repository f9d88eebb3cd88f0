"""The best linear classifier on given features: a convex problem, solved to convergence by L-BFGS.

Minimised is the task's mean loss plus strength/2 times the squared norm of the weights, on standardised features, the
bias free. Strengths are tried from strong to weak, each from the solution before it, loosely and in float32; the
chosen one is then solved in float64 until the gradient has vanished.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from tombola.fitting.session import Bar, Reporter, Silent
from tombola.tasks._base import Task
from tombola.transfers._features import Features

Flat: TypeAlias = np.ndarray[tuple[Any, ...], np.dtype[Any]]

_PATIENCE = 2
_ITERATIONS = 2000
_LOOSE, _TIGHT = 1e-4, 1e-5  # the largest entry of the gradient at the end


@dataclass(frozen=True)
class Solution:
    """A head for unscaled features, the penalty it was found with, and its validation score."""

    weight: Tensor
    bias: Tensor
    strength: float
    score: float


def joined(first: Features, second: Features) -> Features:
    """The samples of both."""
    return Features(torch.cat([first.values, second.values]), torch.cat([first.labels, second.labels]))


def solved(
    train: Features,
    val: Features,
    task: Task,
    num_outputs: int,
    strengths: Sequence[float],
    reporter: Reporter | None = None,
) -> Solution:
    """The solution of the strength that scores best on ``val``, the stronger of equals; the strongest without ``val``.

    Weaker penalties are left out once two in a row have scored lower.
    """
    mean, std = train.values.mean(0), train.values.std(0, correction=0)
    scale = torch.where(std > 0, 1 / std.clamp_min(torch.finfo(std.dtype).tiny), torch.zeros_like(std))
    scaled = (train.values - mean) * scale
    zeros = torch.zeros(num_outputs, scaled.shape[1] + 1, dtype=scaled.dtype)

    def unscaled(point: Tensor, strength: float) -> Solution:
        weight = point[:, :-1] * scale
        bias = point[:, -1] - weight @ mean
        return Solution(weight, bias, strength, _score(weight, bias, val, task))

    strength, start = max(strengths), zeros
    if len(val):
        with (reporter or Silent()).task("penalties of the head", len(strengths), 0) as bar:
            strength, start = _chosen(scaled, train, task, strengths, zeros, unscaled, bar)
    return unscaled(minimum(scaled, train.labels, task, strength, start), strength)


def _chosen(
    scaled: Tensor,
    train: Features,
    task: Task,
    strengths: Sequence[float],
    start: Tensor,
    unscaled: Callable[[Tensor, float], Solution],
    bar: Bar,
) -> tuple[float, Tensor]:
    """The strength of the highest validation score, and roughly its solution."""
    if len(strengths) == 1:
        return strengths[0], start
    single = scaled.float()
    best, best_score, worse = (max(strengths), start), float("-inf"), 0
    for strength in sorted(strengths, reverse=True):
        start = minimum(single, train.labels, task, strength, start, gradient=_LOOSE)
        score = unscaled(start, strength).score
        bar.advance(1, samples=0, loss=None)
        if score > best_score:
            best, best_score, worse = (strength, start), score, 0
        else:
            worse += 1
        if worse == _PATIENCE:
            break
    return best


def minimum(
    scaled: Tensor, labels: Tensor, task: Task, strength: float, start: Tensor, *, gradient: float = _TIGHT
) -> Tensor:
    """The minimiser (num_outputs, F + 1), the bias in the last column, in float64.

    Products are taken in the precision of ``scaled``; it ends when no entry of the gradient exceeds ``gradient``.
    """
    from scipy.optimize import minimize

    def loss_and_gradient(flat: Flat) -> tuple[float, Flat]:
        point = torch.from_numpy(flat).view_as(start).to(scaled.dtype).requires_grad_()
        weight, bias = point[:, :-1], point[:, -1]
        loss = task.losses(torch.addmm(bias, scaled, weight.T), labels).mean() + strength / 2 * weight.square().sum()
        (slope,) = torch.autograd.grad(loss, point)
        return loss.item(), slope.double().flatten().numpy()

    found = minimize(
        loss_and_gradient,
        start.flatten().numpy(),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": _ITERATIONS,
            "gtol": gradient,
            "ftol": 0.0 if scaled.dtype == torch.float64 else 1e-8,
            "maxcor": 20,
        },
    )
    return torch.from_numpy(np.array(found.x)).view_as(start)


def _score(weight: Tensor, bias: Tensor, val: Features, task: Task) -> float:
    if len(val) == 0:
        return 0.0
    return float(task.scores(torch.addmm(bias, val.values, weight.T), val.labels).double().mean())
