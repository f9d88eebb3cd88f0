"""Whole kernels: all positions between one input and one output channel live and die together.

What: a group has its output and its input fixed: 9 weights of a 3x3 kernel. On 1x1 convolutions and linear layers a
  kernel is one weight.
When: the runtime can skip an input channel for an output channel, but not positions inside a kernel.
Cost: nothing to compute; a ninth of element's mask on 3x3 kernels.
Options: none.
Reference: Mao et al., "Exploring the Regularity of Sparse Structure in Convolutional Neural Networks", arXiv
  1705.08922; the kernels of Fu et al., arXiv 2304.11834.
"""

from sys import maxsize
from typing import final

from torch import Tensor

from tombola.masks.layers import Layer
from tombola.masks.patterns._base import Grouping, Pattern
from tombola.masks.patterns._tiles import Tiles, tile


@final
class Kernel(Pattern):
    """Groups of one kernel."""

    def grouping(self, weight: Tensor, layer: Layer) -> Grouping:
        return Tiles(layer, tile(layer, kernel=maxsize))
