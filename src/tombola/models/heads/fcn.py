"""torchvision's FCN head: a class at every pixel from two convolutions over the last stage's maps.

What: 3x3 convolution to a quarter of the channels, batch norm, ReLU, dropout, 1x1 convolution; the answers are enlarged
    bilinearly to the image's size.
When: Segmentation; the default there.
Cost: Of a ResNet-18's 512 channels 0.6 million weights.
Options: None.
Reference: Long et al., CVPR 2015, arXiv 1411.4038; torchvision's ``FCNHead``.
"""

from typing import final

import torch
from torch import nn

from tombola.models.heads._base import Features
from tombola.models.heads._drawing import drawing_from
from tombola.models.heads._maps import Decoder


@final
class Fcn(Decoder):
    """A class at every pixel, seen from nearby."""

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        from torchvision.models.segmentation.fcn import FCNHead

        with drawing_from(generator):
            made: nn.Module = FCNHead(features.channels, outputs)
        return made
