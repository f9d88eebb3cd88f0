"""Nesting: the share of a ticket's kept weights that another ticket keeps too.

What: 100 % when the ticket lies wholly within the other, as the levels of one ladder do; beside it the share that
  chance would give, from the other's density in every layer.
When: comparing tickets of different sparsity, where the overlap is bounded by the smaller one.
Cost: one draw of the reference, or one file read; the network is not run.
Options: ``reference``: as for overlap, a scheme that needs no task or a ``.ticket`` file.
Reference: nested masks in methods that prune step by step (Frankle & Carbin, ICLR 2019).
"""

from typing import ClassVar, final

from tombola.fitting.session import Session
from tombola.masks.analysis import Count, both, both_by_chance
from tombola.models.network import Network
from tombola.properties._base import Measurement
from tombola.properties._counts import percentage, share
from tombola.properties._reference import Referring
from tombola.registry import Examples
from tombola.tickets.ticket import Ticket


@final
class Nesting(Referring):
    """How far a ticket lies within another."""

    EXAMPLES: ClassVar[Examples] = ({"reference": {"name": "random", "sparsity": 0.5}},)

    def inspect(self, ticket: Ticket, dense: Network, *, seed: int, session: Session) -> list[Measurement]:
        masks, other = ticket.masks, self.reference.masks(ticket, dense, seed=seed, session=session)
        name, chance = self.reference.label, both_by_chance(masks, other) / max(1, masks.kept)
        return [
            share("nesting", Count(both(masks, other), masks.kept), reference=name),
            percentage("expected_nesting", 100 * chance, reference=name),
        ]
