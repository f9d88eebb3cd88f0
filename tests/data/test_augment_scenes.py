"""Images and masks are changed together: what was one thing before is one thing after."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tombola.data._augment_scenes import augment_scenes, flip, scaled
from tombola.data._scenes import VOID


def scenes(count: int = 6, height: int = 24, width: int = 32) -> tuple[Tensor, Tensor]:
    """Masks of blocks, and images whose colour is the class: black outside comes in, so no class is black."""
    drawn = torch.Generator().manual_seed(0)
    masks = torch.randint(0, 4, (count, height // 8, width // 8), generator=drawn)
    masks = masks.repeat_interleave(8, 1).repeat_interleave(8, 2)
    return colours(masks), masks.to(torch.uint8)


def colours(masks: Tensor) -> Tensor:
    return ((masks.long() + 1) / 5)[:, None].expand(-1, 3, -1, -1).contiguous()


def test_a_flip_is_of_both_and_its_own_inverse() -> None:
    x, masks = scenes(40)
    flipped, same = flip(x, masks, generator=torch.Generator().manual_seed(1))
    assert torch.equal(flipped, colours(same))
    moved = (same != masks).flatten(1).any(1)
    assert 8 < int(moved.sum()) < 32
    assert torch.equal(same[moved].flip(2), masks[moved])


@given(seed=st.integers(0, 10_000), low=st.floats(0.4, 1.0), high=st.floats(1.0, 2.5))
def test_scaling_moves_every_class_with_its_pixels(seed: int, low: float, high: float) -> None:
    x, masks = scenes(4)
    moved, same = scaled(x, masks, (low, high), generator=torch.Generator().manual_seed(seed))
    assert (moved.shape, same.shape, same.dtype) == (x.shape, masks.shape, torch.uint8)
    assert set(torch.unique(same).tolist()) <= {0, 1, 2, 3, VOID}
    # Away from borders, where neighbours mix, the colour is still that of the class, and void is black.
    expected = torch.where(same == VOID, torch.zeros(()), (same.float() + 1) / 5)
    near = torch.nn.functional.max_pool2d(same[:, None].float(), 5, 1, 2)
    far = -torch.nn.functional.max_pool2d(-same[:, None].float(), 5, 1, 2)
    inner = (near == far)[:, 0]
    inner[:, :3] = inner[:, -3:] = inner[:, :, :3] = inner[:, :, -3:] = False
    torch.testing.assert_close(moved[:, 0][inner], expected[inner], atol=2e-3, rtol=0)


def test_a_scale_of_one_changes_nothing_and_a_half_leaves_a_quarter() -> None:
    x, masks = scenes()
    still, same = scaled(x, masks, (1.0, 1.0), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(still, x)
    assert torch.equal(same, masks)
    _, small = scaled(x, masks, (0.5, 0.5), generator=torch.Generator().manual_seed(0))
    assert ((small != VOID).flatten(1).float().mean(1) - 0.25).abs().max() < 0.06
    _, large = scaled(x, masks, (2.0, 2.0), generator=torch.Generator().manual_seed(0))
    assert not (large == VOID).any()


@pytest.mark.parametrize("policy", ["none", "flip", "flip_scale"])
def test_layout_stays_and_the_generator_decides(policy: str) -> None:
    x, masks = scenes()
    x = x.contiguous(memory_format=torch.channels_last)

    def changed() -> tuple[Tensor, Tensor]:
        drawn = torch.Generator().manual_seed(5)
        return augment_scenes(x, masks, policy, scale=(0.5, 2.0), generator=drawn)  # type: ignore[arg-type]  # a policy

    (one, first), (two, second) = changed(), changed()
    assert one.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(one, two)
    assert torch.equal(first, second)
    assert torch.equal(first, masks) == (policy == "none")
