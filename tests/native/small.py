"""One small exported net for the tests of what is done with a folder, built once."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from tombola.models.network import Network
from tombola.models.source import Source
from tombola.native.folder import write_folder

SIZE = (3, 12, 10)


@cache
def network() -> Network:
    """A thin ResNet-8 for which half of the weights are pruned, in evaluation mode; not to be changed."""
    made = Source.parse({"name": "resnet8", "width": 0.5}).load(num_classes=4, seed=3).eval()
    generator = torch.Generator().manual_seed(1)
    for module in made.body.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data *= torch.rand(module.weight.shape, generator=generator) < 0.5
        elif isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_mean is not None
            module.running_mean.data.uniform_(-0.2, 0.2, generator=generator)
    return made


@cache
def _kept() -> "TemporaryDirectory[str]":
    return TemporaryDirectory()


@cache
def folder() -> Path:
    """Its folder, plain C so that it builds fast; what is built stays for the other tests of this process."""
    out = Path(_kept().name) / "net"
    write_folder(network(), SIZE, out, target="plain")
    return out


def images(count: int = 5) -> Tensor:
    """Random ones."""
    return torch.rand(count, *SIZE, generator=torch.Generator().manual_seed(2))


def logits(x: Tensor) -> Tensor:
    """What torch says of them."""
    with torch.no_grad():
        out: Tensor = network()(x)
    return out
