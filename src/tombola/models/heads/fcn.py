"""torchvision's FCN head: a class at every pixel from two convolutions over the last stage's maps.

What: 3x3 convolution to a quarter of the channels, batch norm, ReLU, dropout, 1x1 convolution; the answers are enlarged
    bilinearly to the image's size.
When: Segmentation; the default there.
Cost: Of a ResNet-18's 512 channels 0.6 million weights.
Options: None.
Reference: Long et al., CVPR 2015, arXiv 1411.4038; torchvision's ``FCNHead``.
"""

from typing import ClassVar, final

import torch
from torch import Tensor, nn

from tombola.models.heads._base import Features, Head, Reads
from tombola.models.heads._drawing import drawing_from
from tombola.models.heads._maps import ends_pointwise, enlarged, last_outputs


@final
class Fcn(Head):
    """A class at every pixel, seen from nearby."""

    READS: ClassVar[Reads] = "maps"

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        from torchvision.models.segmentation.fcn import FCNHead

        with drawing_from(generator):
            made: nn.Module = FCNHead(features.channels, outputs)
        return made

    def fits(self, layer: nn.Module) -> bool:
        return ends_pointwise(layer)

    def outputs(self, layer: nn.Module) -> int:
        return last_outputs(layer)

    def finished(self, found: Tensor, size: torch.Size) -> Tensor:
        return enlarged(found, size)
