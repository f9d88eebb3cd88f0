"""Density: the share of the prunable weights that a ticket keeps, as a whole and layer by layer.

What: kept weights in per cent of the weights the masks cover; the counts stand beside it. Its sparsity is the rest to
  100 %.
When: seeing where a scheme or a budget puts its weights: global magnitude empties late layers and spares early ones.
Cost: one count of the masks; the network is not run.
Options: none.
Reference: layer-wise densities as in Frankle et al., ICLR 2021, and Evci et al., ICML 2020 (ERK).
"""

from typing import final

from tombola.fitting.session import Session
from tombola.masks.analysis import densities
from tombola.models.network import Network
from tombola.properties._base import Measurement, TicketProperty
from tombola.properties._counts import by_layer, share, total
from tombola.tickets.ticket import Ticket


@final
class Density(TicketProperty):
    """How much of every layer stays."""

    def inspect(self, ticket: Ticket, dense: Network, *, seed: int, session: Session) -> list[Measurement]:
        counts = densities(ticket.masks)
        return [share("density", total(counts)), *by_layer("layer_density", counts)]
