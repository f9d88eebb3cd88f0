"""What enters layers, against every input multiplied out by hand."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.errors import MaskError
from tombola.fitting.entering import Entering, conv_norms, linear_norms


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3},
        {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)},
        {"kernel_size": 3, "dilation": 2, "padding": 2, "groups": 2},
        {"kernel_size": 3, "padding": 1, "stride": 3, "groups": 4},
        {"kernel_size": (3, 5), "padding": "same"},
        {"kernel_size": 3, "padding": 1, "padding_mode": "reflect"},
        {"kernel_size": 1, "stride": 2},
    ],
)
def test_a_convolutions_norms_are_those_of_its_patches(options: dict[str, Any]) -> None:
    """By the layer itself: with one weight alone at 1, an output channel is what that weight is multiplied by."""
    layer = nn.Conv2d(4, 8, bias=False, dtype=torch.float64, **options)
    x = drawn(2, 4, 7, 9)
    expected = torch.zeros_like(layer.weight)
    for index in range(layer.weight.numel()):
        with torch.no_grad():
            layer.weight.zero_().view(-1)[index] = 1.0
            expected.view(-1)[index] = layer(x).square().sum()
    torch.testing.assert_close(conv_norms(layer, x), expected.detach())


def test_a_linear_layers_norms_are_over_images_and_tokens() -> None:
    x = drawn(2, 3, 4)
    torch.testing.assert_close(linear_norms(x), torch.stack([x[..., place].square().sum() for place in range(4)])[None])


class Twice(nn.Module):
    """A linear layer called twice, and one that is read and never called."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Linear(3, 3, bias=False)
        self.read = nn.Linear(3, 2)
        self.up = nn.ConvTranspose2d(1, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.shared(self.shared(x)), self.read.weight)


def test_a_layer_used_twice_counts_both_uses_and_hooks_go() -> None:
    net = Twice()
    x = drawn(5, 3).float()
    with Entering(net, ["shared.weight"]) as seen:
        net(x)
    net(x)  # not looked at any more
    expected = linear_norms(x) + linear_norms(net.shared(x))
    torch.testing.assert_close(seen.norms()["shared.weight"], expected.expand(3, 3))


def test_what_cannot_be_seen_is_refused_with_what_to_write() -> None:
    net = Twice()
    with Entering(net, ["read.weight"]) as seen:
        net(drawn(5, 3).float())
    with pytest.raises(MaskError, match=r"nothing was seen to enter read\.weight.*leave it out of prunable"):
        seen.norms()
    with pytest.raises(MaskError, match="it is of a ConvTranspose2d"):
        Entering(net, ["up.weight"])
