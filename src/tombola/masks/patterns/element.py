"""Every weight by itself: unstructured sparsity.

What: a group is one weight; its score is the weight's own.
When: the most accurate pattern at any sparsity, and what the lottery-ticket papers draw.
Cost: nothing to compute; the mask is the largest to store, and zeros scattered like this are the slowest to run.
Options: none.
Reference: Han, Pool, Tran & Dally, "Learning both Weights and Connections for Efficient Neural Networks", 2015.
"""

from typing import final

from torch import Size, Tensor

from tombola.masks.patterns._base import Pattern


@final
class Element(Pattern):
    """Groups of one weight."""

    def group_scores(self, scores: Tensor) -> Tensor:
        return scores

    def expand(self, keep: Tensor, shape: Size) -> Tensor:
        return keep.reshape(shape)

    def group_size(self, shape: Size) -> int:
        return 1
