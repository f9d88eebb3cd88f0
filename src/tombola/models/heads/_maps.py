"""What heads over maps share: they are several layers, of which the last says how many outputs there are."""

from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.models.heads._base import Head, Reads


class Decoder(Head):
    """A class at every pixel: layers that end in a 1x1 convolution, whose answers are enlarged to the image's size."""

    READS: ClassVar[Reads] = "maps"

    @final
    def fits(self, layer: nn.Module) -> bool:
        last = layer[-1] if isinstance(layer, nn.Sequential) and len(layer) else None
        return isinstance(last, nn.Conv2d) and last.kernel_size == (1, 1)

    @final
    def outputs(self, layer: nn.Module) -> int:
        return last_outputs(layer)

    @final
    def finished(self, found: Tensor, size: torch.Size) -> Tensor:
        return F.interpolate(found, size=size, mode="bilinear", align_corners=False)


def last_outputs(layer: nn.Module) -> int:
    """The outputs of the last of several layers."""
    assert isinstance(layer, nn.Sequential)
    return int(next(layer[-1].parameters()).shape[0])
