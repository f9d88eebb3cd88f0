"""Energy: the soft maximum of the logits.

What: T logsumexp(z / T), the negative free energy; near the largest logit for a small T.
When: the usual score of an ordinary classifier; robust priors' small logits need no other T.
Cost: none beyond the outputs.
Options: ``temperature``. Never choose it by the set you report on.
Reference: Liu et al., NeurIPS 2020, arXiv 2010.03759.
"""

from collections.abc import Callable
from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.errors import RequestError
from tombola.properties.ood_scores._base import Known, OODScore
from tombola.spec import option

_ROUNDING = 1e-4


@final
class Energy(OODScore):
    """The negative free energy."""

    ARGUMENT: ClassVar[str | None] = "temperature"

    temperature: float = option(1.0, "T, by which logits are divided and the energy is multiplied", gt=0, le=1e6)

    def scores(self, values: Tensor, known: Callable[[], Known]) -> Tensor:
        if len(values) and bool((torch.logsumexp(values, 1).abs() < _ROUNDING).all()):
            raise RequestError(
                "energy: the outputs are log-probabilities (every row's exponentials sum to 1), whose energy is 0 for"
                " every image; leave out the log-softmax at the model's end, or write score=msp"
            )
        return energy(values, self.temperature)


def energy(logits: Tensor, temperature: float) -> Tensor:
    """T logsumexp(z / T) of each row, (N,); higher for what the network knows."""
    return temperature * torch.logsumexp(logits / temperature, 1)
