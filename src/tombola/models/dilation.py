"""`dilate`: strides of a ResNet's last stages become dilations, so its maps are finer and every weight keeps its sense.

Where a stage no longer skips pixels, all that comes after it spreads its kernels by as much (the "à trous" way): at
every place that was there before the maps hold the same values as before.
Reference: Chen et al. (DeepLab), arXiv 1606.00915; torchvision's ``replace_stride_with_dilation``, which has it for
bottleneck blocks only.
"""

import math
from typing import Final

from torch import nn

from tombola.errors import ModelError
from tombola.models.resnet_cifar import Subsample

_POOLS: Final = (nn.AvgPool2d, nn.MaxPool2d)


def dilate(body: nn.Module, own: int, wanted: int) -> None:
    """Change the body's last stages in place from the stride ``own`` to ``wanted``; raises `ModelError`."""
    stages = _stages(body)
    strides = [_stride(stage) for stage in stages]
    offered = [own // math.prod(strides[place:]) for place in range(len(stages))]
    if wanted not in offered or not stages:
        there = sorted({own, *offered}) if stages else [own]
        raise ModelError(
            f"output_stride={wanted}: this {type(body).__name__} can have {', '.join(map(str, there))};"
            " write one of these, or leave it out"
        )
    first = max(place for place, stride in enumerate(offered) if stride == wanted)
    factor = 1
    for stage, stride in zip(stages[first:], strides[first:], strict=True):
        _spread(stage, factor, factor * stride)
        factor *= stride


def _stages(body: nn.Module) -> list[nn.Module]:
    """``layer1``, ``layer2``, ...: how torchvision's ResNets, timm's and ours call their stages."""
    named = dict(body.named_children())
    found = [named[name] for number in range(1, 9) if (name := f"layer{number}") in named]
    plain = not any(isinstance(module, _POOLS) for stage in found for module in stage.modules())
    return found if plain else []


def _stride(stage: nn.Module) -> int:
    return max((module.stride[0] for module in stage.modules() if isinstance(module, nn.Conv2d)), default=1)


def _spread(stage: nn.Module, before: int, after: int) -> None:
    """A strided layer steps by 1 and spreads by what came before it; the others by what has come with it."""
    for module in stage.modules():
        if isinstance(module, Subsample):
            module.stride = 1
        if not isinstance(module, nn.Conv2d):
            continue
        factor = before if module.stride[0] > 1 else after
        module.stride = (1, 1)
        module.dilation = tuple(factor * value for value in module.dilation)
        assert not isinstance(module.padding, str)
        module.padding = tuple(factor * value for value in module.padding)
