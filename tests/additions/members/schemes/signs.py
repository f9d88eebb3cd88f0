"""The masks of another ticket, and of its weights the signs alone.

What: keeps that ticket's masks; every weight that survives becomes its sign times one number for its whole tensor, the
  mean magnitude or the standard deviation of the survivors there. What is never pruned stays. The ticket is
  self-contained.
When: asking how much of what a ticket is worth is in the signs under its masks, and how much in the magnitudes.
Cost: one pass over the weights, beside the ticket of ``of``, which a study stores once.
Options: ``of``, the scheme whose masks are taken; a ``sparsity`` is passed on to it; ``constant``.
Reference: Zhou et al., "Deconstructing Lottery Tickets: Zeros, Signs, and the Supermask", arXiv 1905.01067.
"""

from typing import ClassVar, Literal, TypeAlias, final

import torch
from torch import Tensor

from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.schemes._base import Rung
from tombola.schemes._control import Control, given, surviving, weights_of, with_values
from tombola.spec import option
from tombola.tasks._base import Task

Constant: TypeAlias = Literal["mean", "std"]


def signed(weight: Tensor, kept: Tensor, constant: Constant) -> Tensor:
    """The signs of what is kept times one number, 0 elsewhere; a kept 0 stays 0.

    >>> signed(torch.tensor([1.0, -3.0, 9.0]), torch.tensor([True, True, False]), "mean")
    tensor([ 2., -2.,  0.])
    """
    survivors = weight[kept]
    if survivors.numel() == 0:
        return torch.zeros_like(weight)
    size = survivors.abs().mean() if constant == "mean" else survivors.std(correction=0)
    return (weight.sign() * size).masked_fill(~kept, 0.0)


@final
class Signs(Control):
    """The masks of another ticket over signs of one size a tensor."""

    EXAMPLES: ClassVar[Examples] = (
        {"of": {"name": "omp", "sparsity": 0.5}},
        {"of": {"name": "omp", "sparsity": 0.5}, "constant": "std"},
    )

    constant: Constant = option("mean", "what a sign is multiplied by: the survivors' mean magnitude, or their spread")

    @torch.no_grad()
    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        ticket = given(start)
        network = surviving(model, ticket)
        for name, weight in weights_of(network, ticket.masks).items():
            weight.copy_(signed(weight, ticket.masks[name], self.constant))
        return Rung(with_values(self, ticket, network, constant=self.constant))
