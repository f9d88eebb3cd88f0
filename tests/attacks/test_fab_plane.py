"""The step to a plane: against a general solver, against sorting, and at the planes no step reaches."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from torch import Tensor

from tombola.attacks._fab_plane import plane_distance, to_plane
from tombola.attacks._norms import Norm

from .toys import generator

NORMS = pytest.mark.parametrize("norm", ["linf", "l2"])


def problem(seed: int, count: int = 4, size: int = 7) -> tuple[Tensor, Tensor]:
    """Images, some pixels on the bounds, and slopes, some of them nought."""
    rng = generator(seed)
    x = (torch.rand(count, size, generator=rng, dtype=torch.float64) * 1.4 - 0.2).clamp(0, 1)
    slope = torch.randn(count, size, generator=rng, dtype=torch.float64)
    return x, slope * (torch.rand(count, size, generator=rng) > 0.2)


def furthest(x: Tensor, slope: Tensor) -> Tensor:
    """The most the bounds let each image rise."""
    return torch.where(slope > 0, slope * (1 - x), -slope * x).sum(1)


@NORMS
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 9999), share=st.floats(0.01, 0.98), down=st.booleans())
def test_the_plane_is_reached_inside_the_bounds(norm: Norm, seed: int, share: float, down: bool) -> None:
    x, slope = problem(seed)
    rise = share * furthest(x, -slope if down else slope) * (-1 if down else 1)
    step = to_plane(x, slope, rise, norm, (0, 1))
    assert torch.allclose((slope * step).sum(1), rise, rtol=2e-5, atol=1e-12)
    assert (x + step).min() >= 0
    assert (x + step).max() <= 1 + 1e-15


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 9999), share=st.floats(0.01, 0.98))
def test_no_step_is_shorter_in_linf(seed: int, share: float) -> None:
    x, slope = problem(seed)
    rise = share * furthest(x, slope)
    step = to_plane(x, slope, rise, "linf", (0, 1))
    for pixels, w, due, ours in zip(x.numpy(), slope.numpy(), rise.tolist(), step, strict=True):
        least = shortest_linf(pixels, w, due)
        assert ours.abs().max().item() == pytest.approx(least, rel=1e-4, abs=1e-9)


def shortest_linf(x: np.ndarray, w: np.ndarray, rise: float) -> float:
    """The linear program: least t with |step| <= t in each pixel."""
    size = len(x)
    sides = np.hstack([np.vstack([np.eye(size), -np.eye(size)]), -np.ones((2 * size, 1))])
    bounds = [*zip(-x, 1 - x, strict=True), (0, None)]
    cost = np.append(np.zeros(size), 1.0)
    found = linprog(cost, sides, np.zeros(2 * size), np.append(w, 0)[None], [rise], bounds=bounds)
    assert found.success
    assert found.fun is not None
    return float(found.fun)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9999), share=st.floats(0.01, 0.98))
def test_no_step_is_shorter_in_l2(seed: int, share: float) -> None:
    """What marks the shortest: pixels not at a bound move in proportion to the slope, those at one would go further."""
    x, slope = problem(seed)
    step = to_plane(x, slope, share * furthest(x, slope), "l2", (0, 1))
    for pixels, w, moved in zip(x, slope, step, strict=True):
        free = (pixels + moved > 1e-9) & (pixels + moved < 1 - 1e-9) & (w != 0)
        if not bool(free.any()):
            continue
        pace = (moved[free] / w[free]).mean()
        assert torch.allclose(moved[free], pace * w[free], rtol=1e-9)
        assert bool((moved[~free].abs() <= (pace * w[~free]).abs() + 1e-9).all())


@NORMS
def test_a_plane_out_of_reach_gives_the_furthest_step(norm: Norm) -> None:
    x, slope = problem(3)
    step = to_plane(x, slope, 2 * furthest(x, slope), norm, (0, 1))
    assert torch.allclose((slope * step).sum(1), furthest(x, slope))


@NORMS
def test_no_slope_and_no_rise_give_no_step(norm: Norm) -> None:
    x, slope = problem(4)
    assert not to_plane(x, torch.zeros_like(x), torch.ones(4), norm, (0, 1)).any()
    assert not to_plane(x, slope, torch.zeros(4), norm, (0, 1)).any()


def test_the_distance_without_bounds_is_the_rise_over_the_other_norm() -> None:
    slope = torch.tensor([[3.0, -4.0]])
    assert plane_distance(torch.tensor([14.0]), slope, "linf").item() == pytest.approx(2)
    assert plane_distance(torch.tensor([-10.0]), slope, "l2").item() == pytest.approx(2)
