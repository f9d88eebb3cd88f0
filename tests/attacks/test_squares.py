"""Square's shapes on numbers checked by eye, and its schedule."""

import pytest
import torch
from torch import Tensor

from tombola.attacks._norms import Norm, radius
from tombola.attacks._squares import (
    Patch,
    bump,
    moved,
    side,
    squares,
    start_numbers,
    step_numbers,
    stripes,
    tiled,
)

from .toys import generator


def put(images: Tensor, patches: list[Patch]) -> Tensor:
    found = images.clone()
    for patch in patches:
        patch.put(found)
    return found


def test_squares_shrink_as_the_schedule_says() -> None:
    sizes = [side(query, "linf", (32, 32), 0.8) for query in (1, 10, 11, 50, 51, 201, 501, 1001, 8001)]
    expected = [round((0.8 / 2**halvings * 1024) ** 0.5) for halvings in (0, 0, 1, 1, 2, 3, 4, 5, 9)]
    assert sizes == expected
    assert side(9000, "linf", (4, 4), 0.01) == 1


def test_squares_of_l2_are_odd_and_three_at_least_and_fit() -> None:
    assert {side(query, "l2", (32, 32), 0.8) % 2 for query in range(1, 10000, 50)} == {1}
    assert side(9999, "l2", (32, 32), 0.8) == 3
    assert side(1, "l2", (2, 8), 1.0) == 2
    assert side(1, "linf", (3, 50), 1.0) == 3


def test_a_bump_has_length_one_and_two_halves() -> None:
    for pixels in (1, 2, 3, 5, 12):
        assert float(bump(pixels).norm()) == pytest.approx(1)
    five = bump(5)
    assert bool((five[:, :2] > 0).all())
    assert bool((five[:, 2:] < 0).all())
    # by hand: n = 2, so the left half's middle row is 1/9 + 1/4 (beside the middle) and 1/9 + 1/4 + 1 (the middle)
    assert (five[2, 1] / five[2, 0]).item() == pytest.approx((1 / 9 + 1 / 4 + 1) / (1 / 9 + 1 / 4))
    assert (five[2, 1] / five[0, 1]).item() == pytest.approx((1 / 9 + 1 / 4 + 1) / (1 / 9))


def test_stripes_are_at_the_ends_and_of_one_colour_a_column() -> None:
    low, high = torch.zeros(2, 3, 4, 5), torch.ones(2, 3, 4, 5)
    found = stripes(low, high, torch.rand(2, start_numbers("linf", torch.Size((3, 4, 5))), generator=generator()))
    assert set(found.flatten().tolist()) == {0, 1}
    assert bool((found == found[:, :, :1]).all())


def test_a_square_lands_where_its_numbers_say() -> None:
    best = torch.full((1, 2, 4, 4), 0.5)
    numbers = torch.tensor([[0.0, 0.99, 0.2, 0.7]])  # the first row, the last column; low in channel 0, high in 1
    found = put(best, squares(best, best - 0.25, best + 0.25, 2, numbers))
    changed = found != best
    assert changed[0].any(0).nonzero().tolist() == [[0, 2], [0, 3], [1, 2], [1, 3]]
    assert found[0, :, 0, 3].tolist() == [0.25, 0.75]


def test_every_place_is_as_likely() -> None:
    best = torch.zeros(3000, 1, 3, 3)
    numbers = torch.rand(3000, 3, generator=generator())
    found = put(best, squares(best, best + 1, best + 1, 2, numbers))
    assert found[:, 0, 0, 0].mean().item() == pytest.approx(0.25, abs=0.03)
    assert found[:, 0, 2, 1].mean().item() == pytest.approx(0.5, abs=0.04)
    assert bool((found[:, 0, 1, 1] == 1).all())


def test_l2_points_lie_on_the_edge_of_the_ball() -> None:
    x = torch.full((6, 3, 11, 13), 0.5)
    reach, bounds = radius(0.4, x), (0.0, 1.0)
    first = tiled(x, reach, torch.rand(6, start_numbers("l2", x.shape[1:]), generator=generator()), bounds)
    assert (first - x).flatten(1).norm(dim=1).tolist() == pytest.approx([0.4] * 6, rel=1e-5)
    numbers = torch.rand(6, step_numbers("l2", 3), generator=generator())
    patches = moved(x, first, reach, 5, numbers, bounds)
    second = put(first, patches)
    assert (second - x).flatten(1).norm(dim=1).tolist() == pytest.approx([0.4] * 6, rel=2e-5)
    # two windows of 25 cells change, nothing else
    assert bool(((second != first).any(1).flatten(1).sum(1) <= 50).all())
    better = torch.tensor([True, False, True, False, False, True])
    settled = second.clone()
    for patch in patches:
        patch.settle(settled, better)
    assert torch.equal(settled, torch.where(better.view(-1, 1, 1, 1), second, first))


def test_a_bump_on_untouched_images_takes_the_whole_budget() -> None:
    x = torch.full((1, 1, 5, 5), 0.5)
    numbers = torch.zeros(1, step_numbers("l2", 1))
    found = put(x, moved(x, x, radius(0.3, x), 5, numbers, (0.0, 1.0))) - x
    assert torch.allclose(found[0, 0], 0.3 * bump(5).T, atol=1e-5)
    numbers[0, 4] = 0.9  # not turned
    found = put(x, moved(x, x, radius(0.3, x), 5, numbers, (0.0, 1.0))) - x
    assert torch.allclose(found[0, 0], 0.3 * bump(5), atol=1e-5)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_numbers_are_counted_right(norm: Norm) -> None:
    assert step_numbers(norm, 3) == {"linf": 5, "l2": 8}[norm]
    assert start_numbers(norm, torch.Size((3, 10, 10))) == {"linf": 30, "l2": 75}[norm]
