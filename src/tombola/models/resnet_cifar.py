"""The CIFAR ResNets of He et al. 2015, section 4.2: `resnet8`, `resnet20`, `resnet32`, `resnet56`.

What: a 3x3 stem, three stages of basic blocks 16, 32 and 64 channels wide (times ``width``), global average pooling,
one linear layer. Shortcuts are option A: where a stage halves the image, every second pixel is taken and the missing
channels are zeros, so shortcuts have no weights. Any image size works.
When: small images (16x16, 32x32), and studies that must end in minutes.
Cost: 0.08, 0.27, 0.46 and 0.85 million weights; 41 million multiply-adds for resnet20 at 32x32.
Options: ``width``, a factor on the channels.
Reference: arXiv 1512.03385. Tensor names are those of the PyTorch checkpoints people share for these nets
(``layer1.0.conv1.weight``, ``linear.weight``), so they load as they are.
"""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tombola.errors import UnknownName, near

BLOCKS_PER_STAGE: Final = {"resnet8": 1, "resnet20": 3, "resnet32": 5, "resnet56": 9}


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

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv3x3(inputs, outputs, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = _conv3x3(outputs, outputs, 1)
        self.bn2 = nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.shortcut: nn.Module = nn.Identity() if same else Subsample(stride, outputs - inputs)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x))


class CifarResNet(nn.Module):
    """Logits (N, num_classes) of images (N, 3, H, W). Built without initial values: see `resnet_cifar`."""

    def __init__(self, blocks: int, channels: tuple[int, int, int], num_classes: int) -> None:
        super().__init__()
        narrow, middle, broad = channels
        self.conv1 = _conv3x3(3, narrow, 1)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.layer1 = _stage(narrow, narrow, blocks, stride=1)
        self.layer2 = _stage(narrow, middle, blocks, stride=2)
        self.layer3 = _stage(middle, broad, blocks, stride=2)
        self.linear = nn.Linear(broad, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        out: Tensor = self.linear(x.mean((2, 3)))
        return out


def resnet_cifar(name: str, *, num_classes: int = 10, width: float = 1.0, generator: torch.Generator) -> CifarResNet:
    """The net called ``name`` with He-normal weights drawn from ``generator``; the global generator is not touched."""
    if name not in BLOCKS_PER_STAGE:
        known = list(BLOCKS_PER_STAGE)
        raise UnknownName(f"unknown net {name!r}{near(name, known)} (there are: {', '.join(known)})")
    narrow, middle, broad = (max(1, round(base * width)) for base in (16, 32, 64))
    with torch.device("meta"):  # no values yet, so nothing is drawn from the global generator
        net = CifarResNet(BLOCKS_PER_STAGE[name], (narrow, middle, broad), num_classes)
    net.to_empty(device="cpu")
    for module in net.modules():
        _initialise(module, generator)
    return net


def _initialise(module: nn.Module, generator: torch.Generator) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, generator=generator)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        module.reset_parameters()


def _conv3x3(inputs: int, outputs: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)


def _stage(inputs: int, outputs: int, blocks: int, *, stride: int) -> nn.Sequential:
    rest = [Block(outputs, outputs, 1) for _ in range(blocks - 1)]
    return nn.Sequential(Block(inputs, outputs, stride), *rest)
