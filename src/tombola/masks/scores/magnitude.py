"""By magnitude: small weights go.

What: a weight is worth its absolute value (l1) or its square (l2); a group is worth the mean over its weights, so
  groups of unequal size compare fairly. Within one tensor l2 orders groups as their L2 norms do.
When: always first; it needs no data, and after training it is hard to beat.
Cost: one pass over the weights.
Options: ``norm``: l1 or l2; for single weights they say the same.
Reference: Han et al., arXiv 1506.02626; Li et al., arXiv 1608.08710 (L1 of filters).
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, final

from torch import Tensor

from tombola.masks.scores._base import Probe, Score
from tombola.spec import option


@final
class Magnitude(Score):
    """|w|, or w squared."""

    ARGUMENT: ClassVar[str | None] = "norm"

    norm: Literal["l1", "l2"] = option("l1", "of a group of weights: mean of magnitudes, or of squares")

    def scores(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        if self.norm == "l1":
            return {name: weight.detach().abs() for name, weight in weights.items()}
        return {name: weight.detach().double().square() for name, weight in weights.items()}
