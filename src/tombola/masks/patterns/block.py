"""Blocks of output by input channels, at each kernel position by itself.

What: a group is R output channels by C input channels at one position of the kernel; what is left over at the end of
  the channels, or of a convolution's group of them, makes smaller blocks.
When: a runtime multiplies small dense blocks (block-sparse matrices, transformers' linear layers).
Cost: nothing to compute; the mask is 1/(R x C) of element's.
Options: ``size``: RxC, output by input channels; ``block:4x4``.
Reference: Gray, Radford & Kingma, "GPU Kernels for Block-Sparse Weights", 2017; Lagunas et al., arXiv 2109.04838.
"""

import re
from typing import ClassVar, final

from pydantic import field_validator
from torch import Tensor

from tombola.masks.layers import Layer
from tombola.masks.patterns._base import Grouping, Pattern
from tombola.masks.patterns._tiles import Tiles, tile
from tombola.registry import Examples
from tombola.spec import option

_SIZE = re.compile(r"0{0,9}([1-9]\d{0,3})x0{0,9}([1-9]\d{0,3})")


@final
class Block(Pattern):
    """Groups of so many outputs by so many inputs."""

    ARGUMENT: ClassVar[str | None] = "size"
    EXAMPLES: ClassVar[Examples] = ({}, {"size": "1x1"}, {"size": "2x3"}, {"size": "4x1"})

    size: str = option("4x4", "a block's output channels x its input channels, as 4x4 or 8x1")

    @field_validator("size")
    @classmethod
    def _two_numbers(cls, value: str) -> str:
        found = _SIZE.fullmatch(value.strip())
        if found is None:
            raise ValueError("is not a size; write output x input channels, both 1 to 9999, as in block:4x4")
        return f"{found[1]}x{found[2]}"

    def grouping(self, weight: Tensor, layer: Layer) -> Grouping:
        outputs, inputs = map(int, self.size.split("x"))
        return Tiles(layer, tile(layer, outputs=outputs, inputs=inputs))
