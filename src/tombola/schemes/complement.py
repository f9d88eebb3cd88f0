"""The complement of another ticket: all that it pruned, and nothing that it kept.

What: keeps exactly the weights that the ticket of ``of`` pruned, so at a sparsity of one minus its own: 10 % for the
  complement of a ticket at 90 %. The pattern stays that ticket's.
When: asking whether a ticket's weights are worth more than the rest, given that the rest is so much larger.
Cost: nothing beside the ticket of ``of``, which a study stores once.
Options: ``of``, the scheme whose ticket is turned round; a ``sparsity`` is passed on to it.
Reference: ``--reverse_mask`` of CV_LTH_Pre-training (Chen et al., CVPR 2021).
"""

from typing import ClassVar, final

from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.schemes._base import Rung
from tombola.schemes._control import Control, dense, given, with_masks
from tombola.tasks._base import Task


@final
class Complement(Control):
    """The masks of another ticket, turned round."""

    EXAMPLES: ClassVar[Examples] = ({"of": {"name": "omp", "sparsity": 0.5}},)

    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        ticket = given(start)
        assert start is not None
        masks = ~ticket.masks
        session.reporter.note(
            f"complement: its sparsity is {masks.sparsity:.2%} ({masks.kept:,} of {masks.total:,} weights stay),"
            f" that of the ticket of {self.of.name} {ticket.sparsity:.2%}"
        )
        return Rung(with_masks(self, ticket, dense(model, start, self), masks, sparsity=masks.sparsity))
