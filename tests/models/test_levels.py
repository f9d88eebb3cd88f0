"""Maps of several strides out of one body: where its stages end, whatever it is called, and what has none."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.heading import headed
from tombola.models.levels import levels_of
from tombola.models.source import Source

STAGES = {
    "resnet8": (("layer1", "layer2"), (16, 32, 64)),
    "torchvision:resnet18": (("layer2", "layer3"), (128, 256, 512)),
    "torchvision:mobilenet_v2": (("features.6", "features.13"), (32, 96, 1280)),
    "torchvision:vgg11": (("features.14", "features.19"), (512, 512, 512)),
    "timm:tf_efficientnet_lite0": (("blocks.2", "blocks.4"), (40, 112, 1280)),
}


@pytest.mark.parametrize("name", [*STAGES])
def test_stages_end_where_maps_become_smaller(name: str) -> None:
    with torch.device("meta"):
        body: Any = Source(name=name).load().body.eval().to("meta")
    ask = body.forward_features if hasattr(body, "forward_features") else getattr(body, "features", None)
    maps = _of_resnet if ask is None else (lambda _body, x: ask(x))
    found = levels_of(body, maps, torch.rand(1, 3, 64, 64, device="meta"))
    assert (found.names, found.channels) == STAGES[name]
    sides = [level.shape[-1] for level in found.seen(body, maps, torch.rand(1, 3, 64, 64, device="meta"))]
    assert sides == [4 * sides[2], 2 * sides[2], sides[2]]


def _of_resnet(body: nn.Module, x: Tensor) -> Tensor:
    children = dict(body.named_children())
    for name in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"):
        x = children[name](x)
    return x


class Branching(nn.Module):
    """A strided layer that begins with as fine maps as it was given, and one that is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 1)
        self.again = nn.ReLU()
        self.down = nn.Sequential(nn.Conv2d(4, 24, 1), nn.Conv2d(24, 8, 3, stride=2, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.again(self.down(self.again(self.first(x))))
        return found


def test_what_lies_inside_a_strided_layer_is_no_stages_end() -> None:
    body = Branching().eval()
    found = levels_of(body, lambda net, x: net(x), torch.rand(1, 3, 16, 16))
    assert (found.names, found.channels) == (("first",), (4, 8))
    assert not any(module._forward_hooks for module in body.modules())


def test_a_body_without_finer_maps_says_which_have_some() -> None:
    body = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8), nn.ReLU()).eval()
    with pytest.raises(ModelError, match="1 place to 8 pixels, for a head that reads several; take a net of stages"):
        levels_of(body, lambda net, x: net(x), torch.rand(1, 3, 32, 32))
    with pytest.raises(ModelError, match="transformers do; take a convolutional net"):
        headed(Source(name="timm:vit_tiny_patch16_224").load(), "boxes", 6, seed=0)


@pytest.mark.parametrize("shape", [(16, 16), (33, 47), (8, 90), (1, 1)])
def test_odd_and_tiny_images_have_places_all_over(shape: tuple[int, int]) -> None:
    network = headed(Source(name="resnet8", width=0.25).load(), "boxes", 6, seed=0).eval()
    with torch.no_grad():
        found = network(torch.rand(1, 3, *shape))
    assert bool(found.isfinite().all())
    x, y = found[0, 4, 0], found[0, 5, :, 0]
    assert (float(x[0] + x[-1]), float(y[0] + y[-1])) == pytest.approx((shape[1], shape[0]))


def test_it_trains_on_one_image_and_in_bfloat16() -> None:
    network = headed(Source(name="resnet8", width=0.25).load(), "boxes", 6, seed=0).train()
    with torch.autocast("cpu", torch.bfloat16):
        found = network(torch.rand(1, 3, 16, 16))
    assert found.dtype == torch.float32
    found[:, :4].sum().backward()
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    assert len(gradients) > 10
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)
