"""The kept weights of another ticket, shuffled among their places within each layer.

What: every masked layer has the same masks and the very same values as before, but which kept place holds which value
  is random. All else is as it was; the ticket is self-contained.
When: asking whether a ticket lives from where its weights stand, or from their distribution in each layer alone.
Cost: one permutation a layer, beside the ticket of ``of``, which a study stores once.
Options: ``of``, the scheme whose ticket is shuffled. The seed decides how. A ``sparsity`` is passed on to ``of``.
Reference: Frankle et al., ICLR 2021, section 5 (shuffling). BERT-Tickets' "shuffled" moves whole layers: that is
  ``permuted_layers``.
"""

from typing import ClassVar, final

import torch

from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.schemes._base import Rung
from tombola.schemes._control import Control, given, surviving, weights_of, with_values
from tombola.tasks._base import Task


@final
class Shuffled(Control):
    """Another ticket with its values out of order within each layer."""

    EXAMPLES: ClassVar[Examples] = ({"of": {"name": "omp", "sparsity": 0.5}},)

    @property
    def seeded(self) -> bool:
        return True

    @torch.no_grad()
    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        ticket = given(start)
        network = surviving(model, ticket)
        for name, weight in weights_of(network, ticket.masks).items():
            places = ticket.masks[name].to(weight.device)
            kept = weight[places]
            order = torch.randperm(len(kept), generator=generator(seed, self.name, name))
            weight[places] = kept[order.to(weight.device)]
        return Rung(with_values(self, ticket, network))
