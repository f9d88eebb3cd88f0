"""Overlap: how much of what two tickets keep they keep both.

What: kept in both over kept in either (intersection over union), in per cent, and beside it what two independent random
  tickets with these densities in every layer would have: only what lies above that is agreement.
When: asking whether two schemes, objectives or seeds find the same subnetwork.
Cost: one draw of the reference, or one file read; the network is not run.
Options: ``reference``: a scheme that needs no task (``omp``, or a mapping with its options), drawn from the same dense
  network, a random one from another seed than the ticket's; a ``.ticket`` file, whose content is part of the key;
  or in a study ``prior`` (model, source, pretrain, pretrain_seed, seed): the ticket that the cell's scheme draws there,
  named by ``called``.
Reference: mask similarity in Chen et al., NeurIPS 2020, and CVPR 2021.
"""

from typing import ClassVar, final

from tombola.fitting.session import Session
from tombola.masks.analysis import Count, both, expected_overlap
from tombola.models.network import Network
from tombola.properties._base import Measurement
from tombola.properties._counts import percentage, share
from tombola.properties._reference import Referring
from tombola.registry import Examples
from tombola.tickets.ticket import Ticket


@final
class Overlap(Referring):
    """What two tickets keep both, of what either keeps."""

    EXAMPLES: ClassVar[Examples] = ({"reference": {"name": "random", "sparsity": 0.5}},)

    def inspect(self, ticket: Ticket, dense: Network, *, seed: int, session: Session) -> list[Measurement]:
        masks, other = ticket.masks, self.reference.masks(ticket, dense, seed=seed, session=session)
        common, name = both(masks, other), self.reference.label
        return [
            share("overlap", Count(common, masks.kept + other.kept - common), reference=name),
            percentage("expected_overlap", 100 * expected_overlap(masks, other), reference=name),
        ]
