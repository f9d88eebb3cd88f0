"""How maps are rounded: all that is met or less, zero a whole step, and images that tell nothing refused."""

import pytest
import torch
from tests.native.graphs import conv, graph

from tombola.errors import ModelError, RequestError
from tombola.graphs.cells import Rounding
from tombola.graphs.int8.ranges import Clip, ranges, rounding
from tombola.graphs.ops import Activate, Scale

CLIPS: tuple[Clip, ...] = ("largest", "percentile", "mse")


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 6.0), (-1.0, 3.0), (-2.5, 0.0), (0.5, 0.7), (-9.0, -8.0), (0.0, 1e-9), (-1e5, 1.0)]
)
def test_the_whole_range_and_zero_fall_into_256_steps(low: float, high: float) -> None:
    how = rounding(low, high)
    assert 0 <= how.zero <= 254
    for end in (low, high):
        assert how.least - 1e-3 <= end / how.scale <= how.largest + 1e-3
    assert how.scale <= 1.01 * (max(high, 0) - min(low, 0)) / 254


def test_what_is_always_zero_has_a_rounding_too() -> None:
    assert rounding(0.0, 0.0) == Rounding(1.0, 0)


def test_rare_values_are_cut_off_where_it_is_asked_for() -> None:
    net = graph((1, 40, 40), ("y", Activate("relu"), ("x",), (1, 40, 40)))
    x = torch.rand(8, 1, 40, 40, generator=torch.Generator().manual_seed(0))
    x[3, 0, 0, 0] = 100.0
    largest, percentile, mse = (ranges(net, [x], clip)["y"].scale for clip in ("largest", "percentile", "mse"))
    assert largest == pytest.approx(100 / 255)
    assert percentile < 0.05 < largest
    assert mse == largest, "a square of 100 outweighs all that smaller steps would gain"


def test_no_choice_has_a_smaller_squared_error_than_the_one_that_looks_for_it() -> None:
    net = graph((1, 40, 40), ("y", Activate("relu"), ("x",), (1, 40, 40)))
    x = torch.randn(8, 1, 40, 40, generator=torch.Generator().manual_seed(0)) ** 3
    found = {clip: ranges(net, [x], clip)["y"] for clip in CLIPS}
    errors = {
        clip: float(((x.relu() / how.scale).round().clamp(0, 255) * how.scale - x.relu()).square().mean())
        for clip, how in found.items()
    }
    assert errors["mse"] <= min(errors.values())
    assert errors["mse"] < errors["percentile"]


def test_batches_are_looked_at_together() -> None:
    net = graph((1, 4, 4), ("y", Scale(torch.tensor([2.0]), torch.tensor([0.0])), ("x",), (1, 4, 4)))
    x = torch.rand(4, 1, 4, 4)
    assert ranges(net, torch.split(x, 1), "largest") == ranges(net, [x], "largest")


def test_images_that_tell_nothing_are_refused() -> None:
    net = graph((1, 4, 4), ("y", conv(2, 1), ("x",), (2, 4, 4)))
    with pytest.raises(RequestError, match="there is nothing to calibrate"):
        ranges(net, [], "largest")
    with pytest.raises(RequestError, match="there is nothing to calibrate"):
        ranges(net, [torch.zeros(0, 1, 4, 4)], "largest")
    with pytest.raises(RequestError, match="all of one colour"):
        ranges(net, [torch.full((2, 1, 4, 4), 0.5)], "largest")
    with pytest.raises(ModelError, match="'x' gives numbers that are not finite"):
        ranges(net, [torch.full((2, 1, 4, 4), torch.nan)], "largest")
