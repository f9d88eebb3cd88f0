"""The CIFAR ResNets of He et al. 2015, section 4.2: `resnet8`, `resnet20`, ..., `resnet110`.

What: a 3x3 stem, three stages of basic blocks 16, 32 and 64 channels wide (times ``width``), global average pooling,
one linear layer. Shortcuts are option A: where a stage halves the image, every second pixel is taken and the missing
channels are zeros, so shortcuts have no weights. In `resnet20b` and `resnet110b` they are option B, a 1x1 convolution
with batch norm, as in the code of randomized smoothing. Any image size works.
When: small images (16x16, 32x32), and studies that must end in minutes.
Cost: 0.08, 0.27, 0.46, 0.85 and 1.7 million weights; 41 million multiply-adds for resnet20 at 32x32.
Options: ``width``, a factor on the channels.
Reference: arXiv 1512.03385. Tensor names are those of the PyTorch checkpoints people share for these nets
(``layer1.0.conv1.weight``, ``linear.weight``), so they load as they are.
"""

from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tombola.errors import UnknownName, near
from tombola.models.own_names import BLOCKS_PER_STAGE

Shortcut: TypeAlias = Literal["A", "B"]
"""A ``b`` at the end of a name means shortcuts of option B."""


class Subsample(nn.Module):
    """Shortcut A: every ``stride``-th pixel, and ``extra`` channels of zeros, half before and half after."""

    def __init__(self, stride: int, extra: int) -> None:
        super().__init__()
        self.stride = stride
        self.before = extra // 2
        self.after = extra - extra // 2

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.before, self.after))


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm, and the shortcut added before the last ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int, option: Shortcut) -> None:
        super().__init__()
        self.conv1 = _conv3x3(inputs, outputs, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.act1 = nn.ReLU()
        self.conv2 = _conv3x3(outputs, outputs, 1)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.act2 = nn.ReLU()
        self.shortcut = _shortcut(inputs, outputs, stride, option)

    def forward(self, x: Tensor) -> Tensor:
        out = self.act1(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        ended: Tensor = self.act2(out + self.shortcut(x))
        return ended


class CifarResNet(nn.Module):
    """Logits (N, num_classes) of images (N, 3, H, W). Built without initial values: see `resnet_cifar`."""

    def __init__(self, blocks: int, channels: tuple[int, int, int], num_classes: int, option: Shortcut = "A") -> None:
        super().__init__()
        narrow, middle, broad = channels
        self.conv1 = _conv3x3(3, narrow, 1)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.act1 = nn.ReLU()
        self.layer1 = _stage(narrow, narrow, blocks, 1, option)
        self.layer2 = _stage(narrow, middle, blocks, 2, option)
        self.layer3 = _stage(middle, broad, blocks, 2, option)
        self.linear = nn.Linear(broad, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(self.forward_features(x).mean((2, 3)))
        return out

    def forward_features(self, x: Tensor) -> Tensor:
        """The maps of the last stage (N, C, h, w), before they are averaged."""
        x = self.act1(self.bn1(self.conv1(x)))
        maps: Tensor = self.layer3(self.layer2(self.layer1(x)))
        return maps


def resnet_cifar(name: str, *, num_classes: int = 10, width: float = 1.0, generator: torch.Generator) -> CifarResNet:
    """The net called ``name`` with He-normal weights drawn from ``generator``; the global generator is not touched."""
    if name not in BLOCKS_PER_STAGE:
        known = list(BLOCKS_PER_STAGE)
        raise UnknownName(f"unknown net {name!r}{near(name, known)} (there are: {', '.join(known)})")
    narrow, middle, broad = (max(1, round(base * width)) for base in (16, 32, 64))
    with torch.device("meta"):  # no values yet, so nothing is drawn from the global generator
        option: Shortcut = "B" if name.endswith("b") else "A"
        net = CifarResNet(BLOCKS_PER_STAGE[name], (narrow, middle, broad), num_classes, option)
    he_normal(net, generator)
    return net


def he_normal(net: nn.Module, generator: torch.Generator) -> None:
    """Gives a net built on the meta device its first values, on the CPU: He-normal weights, batch norm at 1 and 0."""
    net.to_empty(device="cpu")
    for module in net.modules():
        _initialise(module, generator)


def _initialise(module: nn.Module, generator: torch.Generator) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, generator=generator)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        module.reset_parameters()


def _conv3x3(inputs: int, outputs: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)


def _shortcut(inputs: int, outputs: int, stride: int, option: Shortcut) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    if option == "A":
        return Subsample(stride, outputs - inputs)
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))


def _stage(inputs: int, outputs: int, blocks: int, stride: int, option: Shortcut) -> nn.Sequential:
    rest = [Block(outputs, outputs, 1, option) for _ in range(blocks - 1)]
    return nn.Sequential(Block(inputs, outputs, stride, option), *rest)
