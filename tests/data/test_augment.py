"""Augmentation: each image on its own, exact pixels, nothing but the generator decides."""

from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tombola.data._augment import Augment, augment, flip, random_resized_crop, shift


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ramp(count: int, side: int = 8) -> Tensor:
    return torch.rand((count, 3, side, side), generator=seeded(7))


def test_flip_mirrors_some_images_and_leaves_the_others() -> None:
    x = ramp(64)
    y = flip(x, generator=seeded())
    same = (y == x).flatten(1).all(1)
    mirrored = (y == x.flip(3)).flatten(1).all(1)
    assert bool((same ^ mirrored).all())
    assert 15 < int(mirrored.sum()) < 49


@given(st.integers(0, 5), st.integers(0, 100))
def test_shift_is_padding_and_cropping(pixels: int, seed: int) -> None:
    x = ramp(6)
    y = shift(x, pixels, generator=seeded(seed))
    padded = torch.nn.functional.pad(x, (pixels,) * 4)
    places = range(2 * pixels + 1)
    for image, moved in zip(padded, y, strict=True):
        windows = [image[:, row : row + 8, column : column + 8] for row in places for column in places]
        assert sum(bool(torch.equal(moved, window)) for window in windows) >= 1


def test_shift_moves_images_differently() -> None:
    x = torch.zeros(200, 1, 9, 9)
    x[:, 0, 4, 4] = 1
    places = shift(x, 2, generator=seeded()).flatten(1).argmax(1)
    assert len(set(places.tolist())) == 25
    assert float(shift(x, 2, generator=seeded()).sum()) == 200


def test_a_crop_of_everything_is_the_image_itself() -> None:
    x = ramp(5)
    y = random_resized_crop(x, generator=seeded(), area=(1, 1), aspect=(1, 1))
    assert torch.allclose(x, y, atol=1e-5)


def test_a_crop_lies_within_the_image_and_shows_a_part() -> None:
    x = torch.arange(32.0).view(1, 1, 1, 32).expand(300, 1, 32, 32) / 31
    y = random_resized_crop(x, generator=seeded(), area=(0.25, 0.25), aspect=(1, 1))
    width = (y[:, 0, 0, -1] - y[:, 0, 0, 0]) * 31 / (15 / 16)  # half the side is seen
    assert torch.allclose(width, torch.full_like(width, 16.5), atol=1.0)
    assert float(y.min()) >= 0
    assert float(y.max()) <= 1
    assert float(y[:, 0, 0, 0].std()) > 0.1


@pytest.mark.parametrize("policy", get_args(Augment))
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_every_policy_keeps_shape_layout_range_and_input(policy: Augment, layout: torch.memory_format) -> None:
    x = ramp(4, 16).contiguous(memory_format=layout)
    before = x.clone()
    y = augment(x, policy, generator=seeded())
    assert torch.equal(x, before)
    assert (y.shape, y.dtype, y.device) == (x.shape, x.dtype, x.device)
    assert y.is_contiguous(memory_format=layout)
    assert 0 <= float(y.min()) <= float(y.max()) <= 1
    assert torch.equal(y, augment(x, policy, generator=seeded()))
    assert (policy == "none") == torch.equal(y, augment(x, policy, generator=seeded(1)))


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    for policy in get_args(Augment):
        augment(ramp(3), policy, generator=seeded())
    assert torch.equal(before, torch.get_rng_state())


def test_shift_alone_never_mirrors() -> None:
    x = torch.zeros(100, 3, 16, 16)
    x[:, :, :, 4:8] = torch.tensor([0.25, 0.5, 0.75, 1.0])
    y = augment(x, "shift", generator=seeded())
    rows = y[:, 0, 8]
    assert bool((rows.argmax(1) > (rows == 0.25).float().argmax(1)).all())
