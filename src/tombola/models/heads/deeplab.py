"""torchvision's DeepLabV3 head: a class at every pixel from filters that see 12, 24 and 36 places wide.

What: Atrous spatial pyramid pooling over the last stage's maps, a 3x3 and a 1x1 convolution; the answers are enlarged
    bilinearly to the image's size. The rates follow the stride: they reach 96, 192 and 288 pixels.
When: Segmentation, where accuracy counts more than time.
Cost: Of a ResNet-18's 512 channels 5.9 million weights.
Options: None.
Reference: Chen et al., arXiv 1706.05587; torchvision's ``DeepLabHead``.
"""

from typing import Final, final

import torch
from torch import nn

from tombola.models.heads._base import Features
from tombola.models.heads._drawing import drawing_from
from tombola.models.heads._maps import Decoder

_REACH: Final = 96  # pixels of the smallest rate, twice and three times as many: 12, 24, 36 at a stride of 8


@final
class Deeplab(Decoder):
    """A class at every pixel, seen from near and far."""

    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        from torchvision.models.segmentation.deeplabv3 import DeepLabHead

        rates = [max(1, k * _REACH // features.stride) for k in (1, 2, 3)]
        with drawing_from(generator):
            made: nn.Module = DeepLabHead(features.channels, outputs, rates)
        return made
