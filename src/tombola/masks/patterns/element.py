"""Every weight by itself: unstructured sparsity.

What: a group is one weight; its score is the weight's own.
When: the most accurate pattern at any sparsity, and what the lottery-ticket papers draw.
Cost: nothing to compute; the mask is the largest to store, and zeros scattered like this are the slowest to run.
Options: none.
Reference: Han, Pool, Tran & Dally, "Learning both Weights and Connections for Efficient Neural Networks", 2015.
"""

from typing import final

from torch import Tensor

from tombola.masks.layers import Layer, numbers
from tombola.masks.patterns._base import Grouping, Pattern


@final
class Element(Pattern):
    """Groups of one weight."""

    def grouping(self, weight: Tensor, layer: Layer) -> Grouping:
        return _Each(layer)


class _Each(Grouping):
    def __init__(self, layer: Layer) -> None:
        self._layer = layer

    @property
    def sizes(self) -> Tensor:
        return numbers(self._layer.shape, 1)

    def means(self, values: Tensor) -> Tensor:
        return values

    def expand(self, values: Tensor) -> Tensor:
        return values
