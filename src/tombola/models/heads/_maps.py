"""What heads over maps share: they end in a 1x1 convolution, and their answers are enlarged to the image's size."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def ends_pointwise(layer: nn.Module) -> bool:
    """Whether the last of several layers is a 1x1 convolution."""
    last = layer[-1] if isinstance(layer, nn.Sequential) and len(layer) else None
    return isinstance(last, nn.Conv2d) and last.kernel_size == (1, 1)


def last_outputs(layer: nn.Module) -> int:
    """The outputs of the last of several layers."""
    assert isinstance(layer, nn.Sequential)
    return int(next(layer[-1].parameters()).shape[0])


def enlarged(answers: Tensor, size: torch.Size) -> Tensor:
    """Answers (N, C, h, w), bilinearly to the image's height and width."""
    return F.interpolate(answers, size=size, mode="bilinear", align_corners=False)
