"""k-NN: the distance to the k-th nearest training image in feature space.

What: minus the Euclidean distance from the features, brought to length 1, to the k-th nearest of the training images'.
When: no shape of the classes can be assumed; labels are not looked at.
Cost: a forward pass over the training split, all of whose features are kept, and a product of the two sets of features.
Options: ``k``, at most the number of training images.
Reference: Sun et al., ICML 2022, arXiv 2204.06507.
"""

from collections.abc import Callable
from typing import ClassVar, final

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.errors import RequestError
from tombola.properties._responses import Kind
from tombola.properties.ood_scores._base import Known, OODScore
from tombola.registry import Examples
from tombola.spec import option

_ENTRIES = 1 << 24  # of the distances held at a time


@final
class KNN(OODScore):
    """Near training images."""

    READS: ClassVar[Kind] = "features"
    ARGUMENT: ClassVar[str | None] = "k"
    EXAMPLES: ClassVar[Examples] = ({"k": 5},)

    k: int = option(50, "which neighbour's distance counts", ge=1)

    def scores(self, values: Tensor, known: Callable[[], Known]) -> Tensor:
        train = known().values
        if self.k > len(train):
            raise RequestError(
                f"knn: k={self.k} neighbours of {len(train)} training images; write k={len(train)} or less"
            )
        return -neighbour_distance(values, train, self.k)


def neighbour_distance(values: Tensor, train: Tensor, k: int) -> Tensor:
    """The distance from each row to the k-th nearest row of ``train``, all of length 1, (N,)."""
    rows, others = F.normalize(values), F.normalize(train)
    parts = torch.split(rows, max(1, _ENTRIES // len(others)))
    return torch.cat([torch.cdist(part, others).kthvalue(k, dim=1).values for part in parts])
