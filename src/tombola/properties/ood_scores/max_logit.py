"""Max logit: the largest output, not divided among the classes.

What: max z. Unlike the softmax it does not fall when several classes are likely at once.
When: many classes that resemble each other, where MSP mistakes an image of two of them for an unknown one.
Cost: none beyond the outputs.
Options: none.
Reference: Hendrycks et al., ICML 2022, arXiv 1911.11132.
"""

from collections.abc import Callable
from typing import final

from torch import Tensor

from tombola.properties.ood_scores._base import Known, OODScore


@final
class MaxLogit(OODScore):
    """The largest logit."""

    def scores(self, values: Tensor, known: Callable[[], Known]) -> Tensor:
        return values.amax(1)
