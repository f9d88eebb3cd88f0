"""What all fifteen corruptions keep: decided by seed and place alone, bytes in and out, harder from 1 to 5."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tombola.data.corruptions._base import FIFTEEN, SEVERITIES, Corruption, nearest
from tombola.data.corruptions._smoothing import smoothed
from tombola.data.corruptions._streams import streams, uniform
from tombola.data.corruptions.elastic import Elastic
from tombola.errors import DataError, RequestError

from .natural import pictures

RANDOM = {
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "glass_blur",
    "motion_blur",
    "snow",
    "frost",
    "fog",
    "elastic",
}
COUNTS = {32: 24, 64: 8, 224: 3}
SIZES = (32, 64, 224)


def named(name: str) -> Corruption:
    return Corruption.parse(name)


def test_the_fifteen_are_of_the_family() -> None:
    assert set(FIFTEEN) <= set(Corruption.family.names())
    assert len(FIFTEEN) == 15


@pytest.mark.parametrize("name", FIFTEEN)
def test_constants_are_published_for_three_sizes_and_the_nearest_ratio_is_taken(name: str) -> None:
    corruption = named(name)
    assert tuple(sorted(corruption.LEVELS)) == SIZES
    assert all(len(levels) == 5 for levels in corruption.LEVELS.values())
    sizes = {4: 32, 28: 32, 45: 32, 46: 64, 96: 64, 119: 64, 120: 224, 299: 224}
    assert {size: corruption.published(size) for size in sizes} == sizes


def test_the_smaller_of_two_sizes_equally_near() -> None:
    assert nearest(4, {2: 0, 8: 0}) == 2


@pytest.mark.parametrize("size", [pytest.param(size, marks=[pytest.mark.slow] if size > 64 else []) for size in SIZES])
@pytest.mark.parametrize("name", FIFTEEN)
def test_the_same_in_any_batch_and_another_with_another_seed(name: str, size: int) -> None:
    x, corruption = pictures(COUNTS[size], size), named(name)
    before = x.clone()
    whole = corruption.corrupt(x, 3, seed=5)
    assert (whole.shape, whole.dtype) == (x.shape, torch.uint8)
    assert torch.equal(x, before)
    alone = corruption.corrupt(x[1:2], 3, seed=5, places=[1])
    assert torch.equal(alone, whole[1:2])
    assert torch.equal(corruption.corrupt(x.flip(0), 3, seed=5, places=list(range(len(x)))[::-1]), whole.flip(0))
    assert torch.equal(corruption.corrupt(x, 3, seed=6), whole) == (name not in RANDOM)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(FIFTEEN), st.sampled_from(SEVERITIES), st.integers(4, 40), st.integers(0, 2**40), st.data())
def test_any_split_of_any_size_of_noise_gives_the_same(
    name: str, severity: int, size: int, seed: int, data: st.DataObject
) -> None:
    x = torch.randint(0, 256, (5, 3, size, size), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    cut = data.draw(st.integers(0, 5))
    whole = named(name).corrupt(x, severity, seed=seed)
    first, second = (
        named(name).corrupt(x[part], severity, seed=seed, places=list(range(5))[part])
        for part in (slice(cut), slice(cut, 5))
    )
    assert torch.equal(torch.cat([first, second]), whole)


@pytest.mark.parametrize("name", sorted(RANDOM))
def test_two_pictures_alike_are_damaged_differently(name: str) -> None:
    twice = pictures(1, 32).expand(2, -1, -1, -1)
    one, other = named(name).corrupt(twice, 4)
    assert not torch.equal(one, other)


def test_two_corruptions_do_not_share_their_luck() -> None:
    gray = torch.full((1, 3, 32, 32), 128, dtype=torch.uint8)
    noise = [named(name).corrupt(gray, 5).double().flatten() - 128 for name in ("gaussian_noise", "shot_noise")]
    assert abs(float(torch.corrcoef(torch.stack(noise))[0, 1])) < 0.1


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    for name in FIFTEEN:
        named(name).corrupt(pictures(1, 32), 5)
    assert torch.equal(before, torch.get_rng_state())


def distance(clean: Tensor, bad: Tensor) -> Tensor:
    """Root of the mean squared difference."""
    return (bad.double() - clean.double()).square().mean().sqrt()


def covered(clean: Tensor, bad: Tensor) -> Tensor:
    """How much less than linear the picture is told by what is left of it: 1 less the correlation, the mean image's."""
    pairs = zip(clean.double().flatten(1), bad.double().flatten(1), strict=True)
    return torch.stack([1 - torch.corrcoef(torch.stack(pair))[0, 1] for pair in pairs]).mean()


GROWS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    # Frost weighs the picture less and the ice more: a bright picture first gets brighter and then darker again.
    name: covered if name == "frost" else distance
    for name in FIFTEEN
    if name not in ("elastic", "glass_blur")
}


LEVEL = {("snow", 224): 3, ("fog", 224): 4}
"""A severity that is as far from the picture as the one before it, to within what is drawn: by its published constants
snow has fewer and larger flakes there, and fog the same amount of a rougher cloud."""


@pytest.mark.parametrize("size", [*SIZES[:2], pytest.param(SIZES[2], marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", GROWS)
def test_it_grows_with_severity(name: str, size: int) -> None:
    x = pictures(COUNTS[size], size)
    found = [float(GROWS[name](x, named(name).corrupt(x, severity))) for severity in SEVERITIES]
    assert found[0] > 0
    if (name, size) in LEVEL:
        place = LEVEL[name, size] - 1
        assert found[place] == pytest.approx(found[place - 1], rel=0.05)
        del found[place - 1]
    assert found == sorted(found)
    assert found[-1] > 1.15 * found[0]


@pytest.mark.parametrize("size", SIZES)
def test_glass_carries_light_further_with_severity(size: int) -> None:
    """Its published constants smooth more here and shuffle more there, so the distance to the picture goes up and down;
    what grows is how far the light of a point gets."""
    dots = torch.zeros({32: 300, 64: 60, 224: 4}[size], 3, size, size, dtype=torch.uint8)
    dots[:, :, 8::16, 8::16] = 255
    away = (torch.arange(size) % 16 - 8).square()
    squared = (away[:, None] + away).double()
    light = [named("glass_blur").corrupt(dots, severity).double() for severity in SEVERITIES]
    far = [float((each * squared).sum() / each.sum()) for each in light]
    assert far == sorted(far)
    assert far[4] > 1.5 * far[0] > 0.5


@pytest.mark.parametrize("size", SIZES)
def test_elastic_bends_more_with_severity(size: int) -> None:
    """Its published constants fall from large stiff moves to small wrinkled ones; what grows is the wrinkling."""
    bends = []
    for amplitude, sigma, _ in Elastic.LEVELS[size]:
        noise = uniform(streams(0, "field", range(3)), 2, size, size, low=-1.0, high=1.0)
        field = amplitude * smoothed(noise, sigma, edge="mirror", truncate=3)
        bends.append(float(field.diff(n=2, dim=-1).abs().mean()))
    assert bends == sorted(bends)
    moved = [float(distance(pictures(2, size), named("elastic").corrupt(pictures(2, size), s))) for s in SEVERITIES]
    assert min(moved) > 5


def test_what_is_no_picture_is_refused() -> None:
    gray, floats = torch.zeros(2, 1, 8, 8, dtype=torch.uint8), torch.rand(2, 3, 8, 8)
    for wrong in (gray, floats, torch.zeros(2, 3, 8, 9, dtype=torch.uint8)):
        with pytest.raises(DataError, match="uint8 images of shape"):
            named("fog").corrupt(wrong, 1)
    with pytest.raises(DataError, match="3 pixels are too small"):
        named("fog").corrupt(torch.zeros(2, 3, 3, 3, dtype=torch.uint8), 1)
    with pytest.raises(RequestError, match="severity=6: write 1"):
        named("fog").corrupt(pictures(1, 32), 6)
    with pytest.raises(RequestError, match="1 images and 2 places"):
        named("fog").corrupt(pictures(1, 32), 1, places=[0, 1])


@pytest.mark.parametrize("name", FIFTEEN)
def test_no_pictures_are_no_pictures(name: str) -> None:
    assert named(name).corrupt(pictures(1, 32)[:0], 2).shape == (0, 3, 32, 32)
