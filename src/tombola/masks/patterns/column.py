"""Whole input channels: all that reads one, columns of a linear layer's matrix.

What: a group is everything that one input channel is multiplied by. Whole rows of a matrix, its neurons, are `channel`.
When: what a layer reads is to be left out: features that nobody looks at need not be made.
Cost: nothing to compute; the mask is a bit a channel.
Options: none.
Reference: Wen et al., "Learning Structured Sparsity in Deep Neural Networks", arXiv 1608.03665.
"""

from sys import maxsize
from typing import final

from torch import Tensor

from tombola.masks.layers import Layer
from tombola.masks.patterns._base import Grouping, Pattern
from tombola.masks.patterns._tiles import Tiles, tile


@final
class Column(Pattern):
    """Groups of one input channel."""

    def grouping(self, weight: Tensor, layer: Layer) -> Grouping:
        return Tiles(layer, tile(layer, outputs=maxsize, kernel=maxsize))
