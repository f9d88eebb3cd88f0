"""Distance from OMP: how far a ticket is from the one magnitude would have drawn at once.

What: OMP is drawn from the dense network among the same tensors, at the ticket's own sparsity and in its pattern and
  budget. The distance is the share of all these weights that one keeps and the other prunes (Hamming), in per cent;
  beside it what a random ticket with the same densities in every layer would have, and the share of the kept weights
  that OMP keeps too (``kept_by_omp``).
When: asking what training, data or another score have changed about a ticket: at 0 % nothing.
Cost: one pass over the dense weights; the network is not run, but for budgets that count operations.
Options: ``pattern``, ``budget``: empty: those of the scheme that drew the ticket, element and global where it has
  none; ``image``: pixels of an image's side, for budgets that count operations.
Reference: the comparison of IMP's and OMP's masks in Chen et al., CVPR 2021.
"""

from typing import Any, final

from tombola.batch import blank
from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.masks.analysis import Count, both, both_by_chance, differing
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.layers import layers_of, with_positions
from tombola.models.network import Network
from tombola.properties._base import Measurement, TicketProperty
from tombola.properties._counts import percentage, share
from tombola.properties._reference import require_its_own
from tombola.spec import option
from tombola.tickets.ticket import Ticket


@final
class DistanceFromOMP(TicketProperty):
    """What a ticket keeps that the largest weights are not."""

    pattern: Pattern | None = option(None, "OMP's pattern; empty: that of the scheme that drew the ticket")
    budget: Budget | None = option(None, "OMP's budget; empty: that of the scheme that drew the ticket")
    image: int | None = option(None, "pixels of an image's side, for budgets that count operations", ge=1)

    def inspect(self, ticket: Ticket, dense: Network, *, seed: int, session: Session) -> list[Measurement]:
        require_its_own(dense, ticket)
        masks, omp = ticket.masks, self._omp(ticket, dense)
        chance = masks.kept + omp.kept - 2 * both_by_chance(masks, omp)
        return [
            share("distance_from_omp", Count(differing(masks, omp), masks.total)),
            percentage("expected_distance", 100 * chance / max(1, masks.total)),
            share("kept_by_omp", Count(both(masks, omp), masks.kept)),
        ]

    def _omp(self, ticket: Ticket, dense: Network) -> Masks:
        if ticket.masks.kept == 0:
            return ticket.masks
        pattern = self.pattern or Pattern.parse(_drawn_with(ticket, "pattern") or "element")
        budget = self.budget or Budget.parse(_drawn_with(ticket, "budget") or "global")
        fixed = type(pattern).choose is not Pattern.choose  # n:m takes the sparsity it was asked for, nothing near it
        parameters = dict(dense.body.named_parameters(remove_duplicate=False))
        return draw_masks(
            {name: parameters[name] for name in ticket.masks},
            ticket.lineage.sparsity if fixed and ticket.lineage.sparsity is not None else ticket.masks.sparsity,
            pattern=pattern,
            budget=budget,
            layers=self._layers(ticket, dense, budget),
        )

    def _layers(self, ticket: Ticket, dense: Network, budget: Budget) -> dict[str, Layer]:
        if not budget.needs_positions:
            return layers_of(dense.body, ticket.masks)
        size = self.image or _drawn_with(ticket, "image")
        if not isinstance(size, int):
            raise RequestError(
                f"distance_from_omp: the budget {budget.name} counts operations, which depend on the image size;"
                " write image=224 beside it"
            )
        return with_positions(dense, ticket.masks, blank(size))


def _drawn_with(ticket: Ticket, name: str) -> Any:
    """An option of the scheme that drew the ticket, or of the one it is a control of; None where neither has it."""
    scheme: Any = ticket.lineage.scheme
    while isinstance(scheme, dict):
        if (value := scheme.get(name)) is not None:
            return {k: v for k, v in value.items() if k != "version"} if isinstance(value, dict) else value
        scheme = scheme.get("of")
    return None
