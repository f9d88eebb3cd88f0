"""Matched stripes: what they keep, that they are a permutation of channels that can be undone, and their order."""

import copy
import os
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Size, Tensor, nn

from tombola.errors import MaskError
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.enforce import apply_masks
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.masks.patterns._matching import matched
from tombola.masks.patterns.stripe import channel_order

DATA = Path(os.environ.get("TOMBOLA_DATA", Path(__file__).parents[4] / "shared" / "data"))
GIVEN = Pattern.parse("stripe:4")
MATCHED = Pattern.parse({"name": "stripe:4", "order": "matched"})
GLOBAL = Budget.parse("global")


def scattered(kinds: int, each: int, positions: int, seed: int = 0) -> Tensor:
    """Channels of a few kinds that are large in the same places, in an order that tells nothing."""
    generator = torch.Generator().manual_seed(seed)
    profiles = torch.randn(kinds, positions, generator=generator).mul(0.7).exp()
    kind = torch.arange(kinds).repeat_interleave(each)[torch.randperm(kinds * each, generator=generator)]
    return torch.randn(kinds * each, positions, generator=generator) * profiles[kind]


def kept_magnitude(weights: dict[str, Tensor], masks: Masks) -> float:
    total = sum(float(weight.abs().sum()) for weight in weights.values())
    return sum(float((weight.abs() * masks[name]).sum()) for name, weight in weights.items()) / total


def alike(order: Tensor, magnitudes: Tensor, size: int) -> float:
    """What the matching raises: the squares of all stripes' sums, added up."""
    return sum(float(magnitudes[stripe].double().sum(0).square().sum()) for stripe in torch.split(order, size))


def test_channels_with_the_same_profile_share_a_stripe() -> None:
    profiles = torch.eye(3).repeat(4, 1)  # kinds 0, 1, 2, 0, 1, 2, ...
    assert matched(profiles, 4).view(3, 4).tolist() == [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11]]


def test_the_best_pairs_of_six_are_found() -> None:
    for seed in range(5):
        magnitudes = scattered(3, 2, 20, seed).abs()
        best = max(
            alike(torch.tensor([0, a, *pair, *rest]), magnitudes, 2)
            for a in range(1, 6)
            for pair in combinations([b for b in range(1, 6) if b != a], 2)
            for rest in [[b for b in range(1, 6) if b != a and b not in pair]]
        )
        assert alike(matched(magnitudes, 2), magnitudes, 2) == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("channels", [1, 3, 4, 5, 16, 30, 33])
@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_every_channel_is_there_once_and_stripes_are_in_order(channels: int, size: int) -> None:
    magnitudes = torch.rand(channels, 10, generator=torch.Generator().manual_seed(channels))
    order = matched(magnitudes, size)
    assert order.sort().values.tolist() == list(range(channels))
    stripes = torch.split(order, size)
    assert all(stripe.tolist() == sorted(stripe.tolist()) for stripe in stripes)
    first = [int(stripe[0]) for stripe in stripes if len(stripe) == size]
    assert first == sorted(first)
    assert alike(order, magnitudes, size) >= alike(torch.arange(channels), magnitudes, size) * (1 - 1e-3)


@pytest.mark.parametrize("magnitudes", [torch.zeros(6, 4), torch.ones(6, 4)])
def test_with_nothing_to_choose_by_the_order_stays(magnitudes: Tensor) -> None:
    assert matched(magnitudes, 2).tolist() == [0, 1, 2, 3, 4, 5]


def test_the_order_does_not_depend_on_scale_type_or_signs() -> None:
    weight = (scattered(4, 6, 30) * 64).round() / 64
    layer = Layer.of(weight)
    order = channel_order(weight, layer, 4)
    for same in (weight * 1024, -weight, weight.double(), weight.to(torch.float16).float()):
        assert torch.equal(channel_order(same, layer, 4), order)


def test_channels_stay_in_their_group_of_the_convolution() -> None:
    weight = scattered(4, 6, 9).view(24, 1, 9)
    for layer in (Layer(weight.shape, groups=3), Layer(Size((3, 8, 9)), groups=3, transposed=True)):
        order = channel_order(weight.reshape(layer.shape), layer, 4)
        assert (order.view(3, 8) // 8 == torch.arange(3)[:, None]).all()


def test_matched_stripes_keep_more_of_scattered_channels_and_of_noise() -> None:
    for weight, least in ((scattered(16, 8, 600), 1.2), (torch.randn(128, 600), 1.005)):
        weights = {"w": weight}
        for sparsity in (0.8, 0.9):
            given = kept_magnitude(weights, draw_masks(weights, sparsity, pattern=GIVEN, budget=GLOBAL))
            better = kept_magnitude(weights, draw_masks(weights, sparsity, pattern=MATCHED, budget=GLOBAL))
            assert better > least * given


def test_a_ladder_keeps_the_order_of_the_weights_it_began_with() -> None:
    weight = scattered(4, 4, 30)
    grouping = MATCHED.grouping(weight, Layer.of(weight))
    before = grouping.expand(torch.arange(4 * 30.0).view(4, 30))
    weight.copy_(torch.rand(16, 30))
    assert torch.equal(grouping.expand(torch.arange(4 * 30.0).view(4, 30)), before)


def test_weights_that_are_not_finite_are_refused() -> None:
    with pytest.raises(MaskError, match="write order=given"):
        channel_order(torch.tensor([[1.0], [float("nan")]]), Layer(Size((2, 1))), 2)


class TwoConvolutions(nn.Module):
    """conv-bn-relu-conv with scattered channels between."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 10, 3, padding=1), nn.BatchNorm2d(10)
        self.second = nn.Conv2d(10, 4, 3, stride=2)
        with torch.no_grad():
            self.first.weight.copy_(scattered(5, 2, 27).view(10, 3, 3, 3))
            for number, tensor in enumerate(self.of_channels()[2:]):
                tensor.copy_(torch.linspace(0.5, 1.5, 10).roll(number))

    def of_channels(self) -> list[Tensor]:
        """What has the channels between the convolutions for its first axis."""
        buffers = [buffer for buffer in self.norm.buffers() if buffer.dim()]
        return [*self.first.parameters(), *self.norm.parameters(), *buffers]

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.second(torch.relu(self.norm(self.first(x))))
        return out


def test_they_are_consecutive_once_the_channels_are_permuted_and_the_next_layer_undoes_it() -> None:
    net = TwoConvolutions().eval()
    weights = {"first.weight": net.first.weight.detach()}
    order = channel_order(net.first.weight, Layer.of(net.first.weight), 4)
    assert order.tolist() != list(range(10))
    apply_masks(net, draw_masks(weights, 0.8, pattern=MATCHED, budget=GLOBAL))

    permuted = copy.deepcopy(net)
    with torch.no_grad():
        for tensor in permuted.of_channels():
            tensor.copy_(tensor[order])
        permuted.second.weight.copy_(permuted.second.weight[:, order])
    kept = torch.ne(permuted.first.weight, 0).double()
    shares = GIVEN.grouping(kept, Layer.of(kept)).means(kept)
    assert set(shares.flatten().tolist()) == {0.0, 1.0}
    before = torch.ne(net.first.weight, 0).double()
    assert not set(GIVEN.grouping(before, Layer.of(before)).means(before).flatten().tolist()) <= {0.0, 1.0}
    images = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(permuted(images), net(images), atol=1e-5)


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here")
@pytest.mark.parametrize("size", [4, 8])
def test_they_keep_more_of_a_published_resnet_than_neighbours_or_chance(size: int) -> None:
    file = np.load(DATA / "weights" / "cifar10_resnet20_natural.npz")
    weights = {name: torch.from_numpy(file[name]) for name in file if file[name].ndim == 4}
    generator = torch.Generator().manual_seed(0)
    shuffled = {name: weight[torch.randperm(len(weight), generator=generator)] for name, weight in weights.items()}
    given, better = (Pattern.parse({"name": "stripe", "size": size, "order": order}) for order in ("given", "matched"))
    for sparsity in (0.8, 0.9):
        neighbours = kept_magnitude(weights, draw_masks(weights, sparsity, pattern=given, budget=GLOBAL))
        chance = kept_magnitude(shuffled, draw_masks(shuffled, sparsity, pattern=given, budget=GLOBAL))
        found = kept_magnitude(weights, draw_masks(weights, sparsity, pattern=better, budget=GLOBAL))
        assert found > 1.02 * neighbours
        assert found > 1.02 * chance
