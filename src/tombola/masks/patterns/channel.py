"""Whole output channels: filters of convolutions, neurons of linear layers.

What: a group is everything that makes one output channel.
When: the network is to become physically smaller, so that any program runs it faster without knowing of masks. The
  least accurate pattern at a given sparsity.
Cost: nothing to compute; the mask is a bit a channel. A global budget compares channels of layers of all shapes by
  their mean score, and may leave a layer with very few.
Options: none.
Reference: Li, Kadav, Durdanovic, Samet & Graf, "Pruning Filters for Efficient ConvNets", arXiv 1608.08710.
"""

from sys import maxsize
from typing import final

from torch import Tensor

from tombola.masks.layers import Layer
from tombola.masks.patterns._base import Grouping, Pattern
from tombola.masks.patterns._tiles import Tiles, tile


@final
class Channel(Pattern):
    """Groups of one output channel."""

    def grouping(self, weight: Tensor, layer: Layer) -> Grouping:
        return Tiles(layer, tile(layer, inputs=maxsize, kernel=maxsize))
