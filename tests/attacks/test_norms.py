"""The geometry of attacks against hand numbers, and balls that are exact in float32."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tombola.attacks._norms import Norm, box, direction, displace, project_l2, radius, random_delta

from .toys import generator

pixels = st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4)
widths = st.floats(0, 1, allow_subnormal=False)


def image(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).view(1, 1, 2, 2)


def test_l2_direction_is_the_gradient_over_its_length() -> None:
    found = direction(torch.tensor([[[[3.0, 4.0]]], [[[0.0, 0.0]]]]), "l2")
    assert found.tolist() == [[[[pytest.approx(0.6), pytest.approx(0.8)]]], [[[0.0, 0.0]]]]


def test_linf_direction_is_the_sign() -> None:
    assert direction(torch.tensor([-2.0, 0.0, 0.1]), "linf").tolist() == [-1, 0, 1]


def test_l2_projection_shortens_what_is_too_long_and_nothing_else() -> None:
    x = torch.zeros(2, 1, 1, 2)
    away = torch.tensor([[[[3.0, 4.0]]], [[[0.3, 0.4]]]])
    found = project_l2(x, away, torch.tensor(1.0))
    assert found[0].flatten().tolist() == pytest.approx([0.6, 0.8], rel=2e-6)
    assert torch.equal(found[1], away[1])


@given(pixels, st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4))
def test_displace_never_goes_further_than_told(values: list[float], deltas: list[float]) -> None:
    x, delta = image(values), image(deltas)
    found = displace(x, delta)
    for start, step, end in zip(x.flatten().tolist(), delta.flatten().tolist(), found.flatten().tolist(), strict=True):
        assert abs(_exact(end) - _exact(start)) <= abs(_exact(step))
        assert end == pytest.approx(start + step, abs=2e-7)


@given(pixels, widths)
def test_the_box_is_inside_the_ball_and_the_bounds_exactly(values: list[float], eps: float) -> None:
    x = image(values)
    low, high = box(x, radius(eps, x), (0.0, 1.0))
    assert bool((low >= 0).all())
    assert bool((high <= 1).all())
    for start, least, most in zip(*(part.flatten().tolist() for part in (x, low, high)), strict=True):
        assert _exact(start) - _exact(least) <= _exact(eps)
        assert _exact(most) - _exact(start) <= _exact(eps)
        assert least <= start <= most


@given(widths)
def test_a_radius_is_never_rounded_up(eps: float) -> None:
    x = torch.zeros(1, 1, 2, 2)
    assert radius(eps, x).item() <= eps
    assert radius(eps, x.bfloat16()).item() <= eps


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_random_start_does_not_depend_on_how_the_batch_is_cut(norm: Norm) -> None:
    x = torch.rand(7, 3, 5, 5, generator=generator(1))
    eps = torch.tensor(0.1)
    whole = random_delta(x, eps, norm, generator())
    rng = generator()
    parts = torch.cat([random_delta(x[:3], eps, norm, rng), random_delta(x[3:], eps, norm, rng)])
    assert torch.equal(whole, parts)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_random_starts_fill_the_ball_evenly(norm: Norm) -> None:
    x = torch.zeros(4000, 1, 1, 2)
    delta = random_delta(x, torch.tensor(1.0), norm, generator())
    lengths = delta.abs().amax((1, 2, 3)) if norm == "linf" else delta.flatten(1).norm(dim=1)
    assert lengths.max() <= 1 + 1e-6
    # in two dimensions a quarter of a disc or square lies within half its radius
    assert (lengths < 0.5).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert delta.mean().abs() < 0.02


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_random_start_keeps_the_memory_format_and_the_numbers(norm: Norm) -> None:
    x = torch.rand(3, 3, 4, 4)
    last = x.contiguous(memory_format=torch.channels_last)
    found = random_delta(last, torch.tensor(0.1), norm, generator())
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(found, random_delta(x, torch.tensor(0.1), norm, generator()))


def _exact(value: float) -> Fraction:
    return Fraction(value)
