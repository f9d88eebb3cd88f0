"""The nets people use, random weights, batch norms that make constants: shrunk is masked, coupled tickets go whole."""

import pytest
import torch
from torch import nn

from tombola import verbs
from tombola.errors import ModelError
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.shown import ShownImages
from tombola.shrinking.shrunk import shrunk_with_masks, worst_difference

pytestmark = pytest.mark.slow

SIZE = (3, 64, 64)
CHANNEL = {"name": "omp", "sparsity": 0.5, "pattern": "channel", "budget": "uniform"}
COUPLED = {"name": "coupled", "sparsity": 0.6, "budget": "uniform", "image": 64}
NETS = [
    "torchvision:resnet18",
    "torchvision:resnext50_32x4d",
    "torchvision:regnet_y_400mf",
    "torchvision:vgg11_bn",
    "torchvision:mobilenet_v2",
    "torchvision:mobilenet_v3_small",
    "torchvision:densenet121",
    "torchvision:squeezenet1_1",
    "torchvision:googlenet",
    "torchvision:efficientnet_b0",
    "timm:efficientnet_lite0",
    "timm:resnetv2_50",
    "timm:dla34",
    "resnet20",
    "preactresnet18",
]


def _network(name: str) -> Network:
    model = Source.parse(name).load()
    generator = torch.Generator().manual_seed(0)
    for module in model.body.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            nn.init.normal_(module.bias, std=0.3, generator=generator)
            nn.init.normal_(module.running_mean, std=0.1, generator=generator)
    return model


@pytest.mark.parametrize("name", NETS)
def test_shrunk_is_masked(name: str) -> None:
    model = _network(name)
    for scheme in (CHANNEL, COUPLED):
        ticket = verbs.draw(model, scheme)
        small, left = shrunk_with_masks(model, ticket.masks, ShownImages(SIZE))
        assert worst_difference(verbs.applied(model, ticket), small, ShownImages(SIZE)) < 1e-5
        assert left.kept < ticket.masks.total
    assert left.kept == left.total == ticket.masks.kept


@pytest.mark.parametrize(
    ("name", "step"), [("torchvision:shufflenet_v2_x0_5", "cat.moved"), ("torchvision:convnext_tiny", "layer_norm")]
)
def test_what_cannot_be_followed_is_named_with_its_step(name: str, step: str) -> None:
    model = Source.parse(name).load()
    with pytest.raises(ModelError, match=f"'{step}' is .* whose channels cannot be taken out"):
        verbs.draw(model, COUPLED)
