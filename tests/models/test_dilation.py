"""Dilation: finer maps that hold the coarse ones, under the same names and weights."""

import copy
from typing import Any

import pytest
import torch
from torch import nn

from tombola.errors import ModelError
from tombola.models.dilation import dilate
from tombola.models.source import Source


def body(name: str) -> Any:
    network = Source(name=name).load(seed=1)
    for module in network.body.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
            drawn = torch.Generator().manual_seed(3)
            module.running_mean.normal_(std=0.1, generator=drawn)
    return network.body


def maps(net: Any, x: torch.Tensor) -> torch.Tensor:
    if hasattr(net, "forward_features"):
        return torch.as_tensor(net.forward_features(x))
    x = net.maxpool(net.relu(net.bn1(net.conv1(x))))
    return torch.as_tensor(net.layer4(net.layer3(net.layer2(net.layer1(x)))))


@pytest.mark.parametrize(
    ("name", "own", "wanted", "side"),
    [
        ("resnet8", 4, 1, 16),
        ("resnet20", 4, 2, 16),
        ("torchvision:resnet18", 32, 8, 64),
        ("torchvision:resnet50", 32, 16, 64),
        ("timm:resnet18", 32, 8, 64),
    ],
)
@torch.no_grad()
def test_the_coarse_maps_lie_in_the_fine_ones(name: str, own: int, wanted: int, side: int) -> None:
    coarse = body(name)
    fine = copy.deepcopy(coarse)
    dilate(fine, own, wanted)
    x = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    before, after = maps(coarse, x), maps(fine, x)
    step = own // wanted
    assert after.shape[2:] == (side // wanted, side // wanted)
    torch.testing.assert_close(after[:, :, ::step, ::step], before, rtol=1e-4, atol=1e-4)
    assert [*fine.state_dict()] == [*coarse.state_dict()]
    assert all(torch.equal(value, coarse.state_dict()[key]) for key, value in fine.state_dict().items())


def test_a_stride_it_cannot_have_says_which_it_can() -> None:
    with pytest.raises(ModelError, match=r"output_stride=3: this CifarResNet can have 1, 2, 4;"):
        dilate(body("resnet8"), 4, 3)
    with pytest.raises(ModelError, match="can have 32"):
        dilate(body("torchvision:mobilenet_v3_small"), 32, 8)
