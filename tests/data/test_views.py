"""Views of images: what the same numbers make, and what each change does, against torchvision's where it has it."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms import functional as TF

from tombola.batch import to_float
from tombola.data._base import InMemory
from tombola.data._seen_twice import SeenTwice
from tombola.data._views import NUMBERS, Looks, drawn, recoloured, resampled, viewed

STILL = Looks(smallest=1.0, mirror=0.0, jitter=0.0, gray=0.0, blur=0.0)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(count: int = 6, height: int = 24, width: int = 24) -> Tensor:
    return torch.rand((count, 3, height, width), generator=rng(1))


def test_views_differ_and_the_same_numbers_give_the_same_view_whatever_is_beside_it() -> None:
    x, luck = images(), drawn(6, generator=rng())
    whole = viewed(x, luck, Looks())
    assert torch.equal(whole, viewed(x, luck, Looks()))
    assert torch.allclose(whole[2:4], viewed(x[2:4], luck[2:4], Looks()), atol=1e-6)
    other = viewed(x, drawn(6, generator=rng(7)), Looks())
    assert bool(((whole - other).abs().amax((1, 2, 3)) > 0.05).all())
    assert 0 <= float(whole.min()) <= float(whole.max()) <= 1
    assert (luck.shape, whole.shape, whole.dtype) == ((6, NUMBERS), x.shape, x.dtype)


def test_nothing_changes_where_nothing_may() -> None:
    x = images()
    before = x.clone()
    assert torch.allclose(viewed(x, drawn(6, generator=rng()), STILL), x, atol=1e-5)
    assert torch.equal(x, before)


def test_a_crop_is_what_grid_sample_makes_of_it() -> None:
    x, luck = images(height=20, width=28), drawn(6, generator=rng(3))[:, :7]
    share, ratio = 0.08 + 0.92 * luck[:, 0], (math.log(3 / 4) + 2 * math.log(4 / 3) * luck[:, 1]).exp()
    wide, tall = (share * ratio).sqrt().clamp(max=1), (share / ratio).sqrt().clamp(max=1)
    across, down = (1 - wide) * (2 * luck[:, 2] - 1), (1 - tall) * (2 * luck[:, 3] - 1)
    zero = torch.zeros(6)
    theta = torch.stack([wide, zero, across, zero, tall, down], 1).view(-1, 2, 3)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    right = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    assert torch.allclose(resampled(x, luck, Looks(mirror=0.0, blur=0.0)), right, atol=1e-4)
    mirrored = resampled(x, luck, Looks(mirror=1.0, blur=0.0))
    assert torch.allclose(mirrored, right.flip(3), atol=1e-4)


def test_a_blur_is_torchvisions_inside_and_small_images_have_none() -> None:
    x, luck = images(height=64, width=64), torch.full((6, 7), 0.5)
    how = Looks(smallest=1.0, mirror=0.0, blur=1.0)
    found = resampled(x, luck, how)
    right = TF.gaussian_blur(x, [7, 7], [1.05, 1.05])
    assert torch.allclose(found[..., 3:-3, 3:-3], right[..., 3:-3, 3:-3], atol=1e-4)
    assert float(found.std()) < 0.6 * float(x.std())
    small = images(height=16, width=16)
    assert torch.allclose(resampled(small, luck, how), small, atol=1e-5)


def test_brightness_contrast_and_saturation_are_torchvisions_where_nothing_is_cut() -> None:
    x, luck = 0.3 + 0.4 * images(), torch.rand((6, 6), generator=rng(5))
    luck[:, 4] = 0.5  # no other hue
    found = recoloured(x, luck, Looks(jitter=1.0, strength=0.25, gray=0.0))
    for one, image, numbers in zip(found, x, luck, strict=True):
        bright, contrast, saturation = (1 + 0.2 * (2 * numbers[1:4] - 1)).tolist()
        right = TF.adjust_saturation(TF.adjust_contrast(TF.adjust_brightness(image, bright), contrast), saturation)
        assert torch.allclose(one, right, atol=1e-3)


def test_another_hue_keeps_luma_and_grays_and_no_colours_are_gray() -> None:
    x, luck = 0.4 + 0.2 * images(), torch.full((6, 6), 0.5)
    luck[:, 4] = 1.0
    luma = torch.tensor([0.299, 0.587, 0.114])
    turned = recoloured(x, luck, Looks(jitter=1.0, gray=0.0))
    assert torch.allclose(torch.einsum("nchw,c->nhw", turned, luma), torch.einsum("nchw,c->nhw", x, luma), atol=1e-4)
    assert float((turned - x).abs().mean()) > 0.01
    even = x[:, :1].expand(-1, 3, -1, -1)
    assert torch.allclose(recoloured(even, luck, Looks(jitter=1.0, gray=0.0)), even, atol=1e-4)
    without = recoloured(x, luck, Looks(jitter=0.0, gray=1.0))
    assert torch.allclose(without, TF.rgb_to_grayscale(x, 3), atol=1e-3)


@pytest.mark.parametrize(("name", "share"), [("mirror", 0.5), ("jitter", 0.8), ("gray", 0.2), ("blur", 0.5)])
def test_each_change_is_as_likely_as_it_says(name: str, share: float) -> None:
    x = images(1, 32, 32).expand(400, -1, -1, -1)
    still = {"smallest": 1.0, "mirror": 0.0, "jitter": 0.0, "gray": 0.0, "blur": 0.0}
    moved = viewed(x, drawn(400, generator=rng(9)), Looks(**{**still, name: share}))
    changed = ((moved - x).abs().amax((1, 2, 3)) > 1e-3).float().mean()
    assert abs(float(changed) - share) < 0.08


def test_images_seen_twice_are_the_same_views_every_time_in_any_order() -> None:
    pixels = (255 * images(5)).byte()
    found = SeenTwice.drawn_by(InMemory(pixels, torch.zeros(5, dtype=torch.int64), ("a",)), Looks(), seed=3)
    whole = found.take(torch.arange(10))
    assert (len(found), whole.x.dtype, whole.targets.tolist()) == (10, torch.uint8, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    assert float((to_float(whole.x[0::2]) - to_float(whole.x[1::2])).abs().mean()) > 0.05
    some = found.some(torch.tensor([7, 2])).take(torch.tensor([1, 0]))
    assert some.targets.tolist() == [1, 3]
    assert int((some.x.int() - whole.x[[2, 7]].int()).abs().max()) <= 1
    assert found.title_of(7) == "3"
