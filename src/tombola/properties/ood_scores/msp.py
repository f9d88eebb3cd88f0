"""MSP: the maximum softmax probability, the network's confidence in its answer.

What: max softmax(z), as its logarithm: the order is the same, and images the network is very sure of stay apart where
  the probability itself rounds to 1.
When: the baseline of every paper; take max_logit or energy beside it, which most often detect more.
Cost: none beyond the outputs.
Options: none.
Reference: Hendrycks & Gimpel, ICLR 2017, arXiv 1610.02136.
"""

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor

from tombola.properties.ood_scores._base import Known, OODScore


@final
class MSP(OODScore):
    """How sure the network is."""

    def scores(self, values: Tensor, known: Callable[[], Known]) -> Tensor:
        return log_confidence(values)


def log_confidence(logits: Tensor) -> Tensor:
    """log max softmax of each row: minus log(1 + the sum over the other classes of exp(z - z_max)), (N,)."""
    ordered = logits.sort(1, descending=True).values
    return -torch.log1p((ordered[:, 1:] - ordered[:, :1]).exp().sum(1))
