"""Forms: every mask comes back in the smallest of them, near the bound of what its pattern leaves open."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tombola.errors import TicketError
from tombola.masks.bits import Bits, count, unpacked
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.patterns._base import Pattern
from tombola.tickets.forms import Form, check_form, code_mask
from tombola.tickets.summary import entropy_bytes
from tombola.tickets.unfolding import packed_mask


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def returned(mask: Bits) -> tuple[Form, int]:
    """The form and the size of a mask that came back from its code."""
    form, code = code_mask(mask)
    check_form(form, mask.shape, "x")
    if code:
        read = unpacked(packed_mask(form, mask.shape, code), 0, mask.size).reshape(mask.shape)
        np.testing.assert_array_equal(read, mask)
    return form, len(code)


@given(
    st.lists(st.integers(0, 9), max_size=4),
    st.sampled_from(["plain", "alike", "nm"]),
    st.floats(0, 1),
    st.integers(0, 2**31),
)
def test_every_mask_comes_back(shape: list[int], kind: str, density: float, seed: int) -> None:
    drawn = rng(seed)
    if kind == "alike":
        shape = [64, *shape]
        mask = (drawn.random((4, *shape[1:])) < density)[drawn.integers(0, 4, 64)]
    elif kind == "nm":
        mask = _n_of_m(drawn, (8, 12, *shape[:2]), 1 + seed % 3, 4)
    else:
        mask = np.asarray(drawn.random(shape) < density)
    form, _ = returned(mask)
    assert form.alike is None or form.nm is None


def _n_of_m(drawn: np.random.Generator, shape: tuple[int, ...], n: int, m: int) -> Bits:
    outputs, inputs, *kernel = shape
    ranks = drawn.random((outputs, inputs // m, m, *kernel)).argsort(2).argsort(2)
    return np.asarray((ranks < n).reshape(shape))


@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (2, 8), (1, 16), (3, 7)])
def test_n_of_m_costs_its_choices(n: int, m: int) -> None:
    mask = _n_of_m(rng(), (128, 8 * m, 3, 3), n, m)
    form, size = returned(mask)
    assert form.nm == (n, m)
    bound = mask.size / m * math.log2(math.comb(m, n)) / 8
    assert bound - 4 <= size <= 1.001 * bound + 8
    assert size < 0.96 * entropy_bytes(form.kept, mask.size)


@pytest.mark.parametrize("channels", [64, 256])
@pytest.mark.parametrize("stripe", [4, 8])
def test_stripes_of_channels_that_are_not_neighbours_cost_a_stripe_and_the_order(channels: int, stripe: int) -> None:
    stripes = rng().random((channels // stripe, channels, 3, 3)) < 0.1
    mask = stripes[rng().permutation(channels) // stripe]
    form, size = returned(mask)
    assert form.alike == (len(stripes), int(stripes.sum()))
    bound = entropy_bytes(int(stripes.sum()), stripes.size)
    ways = math.lgamma(channels + 1) - len(stripes) * math.lgamma(stripe + 1) - math.lgamma(len(stripes) + 1)
    order = ways / math.log(2) / 8
    assert bound + order <= size + 4
    assert size <= 1.03 * (bound + order) + 8
    assert size < 0.6 * entropy_bytes(form.kept, mask.size)


def test_channels_that_are_all_pruned_are_said_once() -> None:
    mask = rng().random((512, 128, 3, 3)) < 0.02
    mask[rng().random(512) < 0.6] = False
    form, size = returned(mask)
    assert form.alike is not None
    assert size < 0.96 * entropy_bytes(form.kept, mask.size)


@pytest.mark.parametrize("pattern", ["element", "stripe:4", "stripe:8", "row", "kernel", "channel", "block:4x4"])
def test_each_pattern_is_coded_at_its_groups_size(pattern: str) -> None:
    weight = torch.randn(96, 40, 3, 3, generator=torch.Generator().manual_seed(0))
    drawn = draw_masks({"w": weight}, 0.9, pattern=Pattern.parse(pattern), budget=Budget.parse("global"))["w"]
    size = {"stripe:4": 4, "stripe:8": 8, "row": 3, "kernel": 9, "channel": 360, "block:4x4": 16}.get(pattern, 1)
    _, found = returned(drawn.numpy())
    kept, total = int(drawn.sum()) / size, drawn.numel() / size
    assert found <= 1.03 * entropy_bytes(round(kept), round(total)) + 8


def test_matched_stripes_are_coded_as_stripes() -> None:
    weight = torch.randn(64, 32, 3, 3, generator=torch.Generator().manual_seed(0))
    pattern = Pattern.parse({"name": "stripe", "size": 4, "order": "matched"})
    mask = draw_masks({"w": weight}, 0.9, pattern=pattern, budget=Budget.parse("global"))["w"].numpy()
    form, size = returned(mask)
    assert form.alike is not None
    assert size <= 1.03 * entropy_bytes(round(form.kept / 4), mask.size // 4) + 64 * 4 / 8 + 8


def test_layers_of_very_different_density_are_each_near_their_own_bound() -> None:
    densities = [0.9, 0.5, 0.2, 0.03, 0.004, 0.0005]
    masks = [rng(i).random((256, 256, 3, 3)) < density for i, density in enumerate(densities)]
    sizes = [returned(mask)[1] for mask in masks]
    bounds = [entropy_bytes(int(mask.sum()), mask.size) for mask in masks]
    assert all(size <= 1.001 * bound + 8 for size, bound in zip(sizes, bounds, strict=True))
    together = entropy_bytes(sum(int(mask.sum()) for mask in masks), sum(mask.size for mask in masks))
    assert sum(sizes) < 0.7 * together, "one density for all would cost more"


@pytest.mark.parametrize("size", [9, 27, 72, 216, 432, 1000])
def test_a_tiny_layer_costs_a_few_bytes_more(size: int) -> None:
    for seed in range(20):
        mask = rng(seed).random((size,)) < 0.1
        assert returned(mask)[1] <= entropy_bytes(int(mask.sum()), size) + 8


@pytest.mark.parametrize(
    ("form", "shape"),
    [
        (Form((1, 1), 4, alike=(1, 2)), (8, 4)),
        (Form((1, 1), 4, alike=(8, 2)), (8, 4)),
        (Form((1, 1), 4, alike=(2, 0)), (8, 4)),
        (Form((1, 1), 4, alike=(2, 8)), (8, 4)),
        (Form((1, 1), 4, alike=(2**13, 8)), (2**20, 1)),
        (Form((), 1, alike=(2, 1)), ()),
        (Form((1, 1), 16, nm=(2, 2)), (8, 4)),
        (Form((1, 1), 16, nm=(0, 4)), (8, 4)),
        (Form((1, 1), 16, nm=(2, 5)), (8, 4)),
        (Form((1, 1), 15, nm=(2, 4)), (8, 4)),
        (Form((1,), 4, nm=(2, 4)), (8,)),
        (Form((1, 1), 8, nm=(1, 32)), (8, 32)),
    ],
)
def test_forms_that_no_mask_of_the_shape_has_are_refused(form: Form, shape: tuple[int, ...]) -> None:
    with pytest.raises(TicketError, match="does not fit"):
        check_form(form, shape, "x")


@given(st.binary(max_size=64), st.booleans())
def test_any_bytes_are_a_mask_of_the_form_or_refused(code: bytes, nm: bool) -> None:
    form = Form((1, 1), 32, nm=(2, 4)) if nm else Form((1, 1), 24, alike=(3, 6))
    try:
        mask = packed_mask(form, (16, 4), code)
    except TicketError:
        return
    assert count(mask) == form.kept
