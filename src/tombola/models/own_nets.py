"""The nets Tombola builds itself, by one of `tombola.models.own_names`, and how files of others spell their tensors."""

from typing import Final

import torch
from torch import nn

from tombola.models.own_names import PREACT
from tombola.models.preact_resnet import preact_resnet
from tombola.models.resnet_cifar import resnet_cifar

SPELLINGS: Final = ((r"\.downsample\.", ".shortcut."), (r"^fc\.", "linear."))
"""Regular expressions and replacements, as ``rename`` has them: torchvision's words, which the smoothing code uses."""


def own_net(name: str, *, num_classes: int, width: float, generator: torch.Generator) -> nn.Module:
    """The net called ``name``, with initial values from ``generator``."""
    build = preact_resnet if name in PREACT else resnet_cifar
    return build(name, num_classes=num_classes, width=width, generator=generator)


def own_normaliser(name: str) -> str:
    """The name of the normaliser it has by default: of the pre-activation nets, that of the code they come from."""
    return "cifar10" if name in PREACT else "half"
