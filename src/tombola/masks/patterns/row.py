"""Rows of kernels: the weights along a kernel's last axis live and die together.

What: a group has its output, its input and all axes of the kernel but the last one fixed: 3 weights of a 3x3 kernel.
  On 1x1 convolutions and linear layers a row is one weight; whole rows of a matrix are `channel`, its columns `column`.
When: between element and kernel in accuracy and in what the mask costs to store.
Cost: nothing to compute; a third of element's mask on 3x3 kernels.
Options: none.
Reference: Mao et al., "Exploring the Regularity of Sparse Structure in Convolutional Neural Networks", arXiv
  1705.08922; the rows of Fu et al., arXiv 2304.11834.
"""

from sys import maxsize
from typing import final

from torch import Tensor

from tombola.masks.layers import Layer
from tombola.masks.patterns._base import Grouping, Pattern
from tombola.masks.patterns._tiles import Tiles, tile


@final
class Row(Pattern):
    """Groups along the last axis of the kernel."""

    def grouping(self, weight: Tensor, layer: Layer) -> Grouping:
        return Tiles(layer, tile(layer, last=maxsize))
