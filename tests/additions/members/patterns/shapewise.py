"""Shape-wise: all weights that are multiplied by one number, whatever output they are of, live and die together.

What: a group has its input and its place in the kernel fixed, and holds one weight for each output: a column of the
  matrix that a convolution multiplies its unfolded images by. In a convolution with groups, of each group its own.
When: a program multiplies dense matrices: a column that is gone makes the matrix narrower, and needs no list of places.
Cost: nothing to compute; the smallest mask to store beside channel.
Options: ``outputs``, how many outputs share a group; empty: all.
Reference: Wen et al., "Learning Structured Sparsity in Deep Neural Networks", NeurIPS 2016 (shape-wise sparsity).
"""

from sys import maxsize
from typing import ClassVar, final

from torch import Tensor

from tombola.masks.layers import Layer
from tombola.masks.patterns._base import Grouping, Pattern
from tombola.masks.patterns._tiles import Tiles, tile
from tombola.registry import Examples
from tombola.spec import option


@final
class ShapeWise(Pattern):
    """Groups along the outputs."""

    ARGUMENT: ClassVar[str | None] = "outputs"
    EXAMPLES: ClassVar[Examples] = ({}, {"outputs": 4})

    outputs: int | None = option(None, "how many outputs share a group; empty: all of them", ge=1)

    def grouping(self, weight: Tensor, layer: Layer) -> Grouping:
        return Tiles(layer, tile(layer, outputs=self.outputs or maxsize))
