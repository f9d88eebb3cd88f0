"""The masks of another ticket on new random weights.

What: keeps that ticket's masks and begins every layer of the body anew from the seed, as its class does it: kept
  weights, biases, and layers that are never pruned alike; batch norm at scale 1, shift 0, mean 0 and variance 1. The
  head stays the model's. The ticket is self-contained. Parameters that belong to no such layer (a class token) stay as
  they were; a note names them, and so does the ticket's lineage.
When: asking what the weights under the masks are worth: pretraining, or the luck of the first initialisation.
Cost: one initialisation, beside the ticket of ``of``, which a study stores once.
Options: ``of``, the scheme whose masks are taken; a ``sparsity`` is passed on to it.
Reference: Frankle & Carbin, ICLR 2019 (random reinitialisation); Chen et al., NeurIPS 2020 (m_IMP on theta_0').
"""

from typing import ClassVar, final

from tombola.fitting.seeds import derive
from tombola.fitting.session import Session
from tombola.models.fresh import initialised
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.schemes._base import Rung
from tombola.schemes._control import Control, given, with_values
from tombola.tasks._base import Task


@final
class Reinit(Control):
    """The masks of another ticket, all layers but the head drawn anew."""

    EXAMPLES: ClassVar[Examples] = ({"of": {"name": "omp", "sparsity": 0.5}},)

    @property
    def seeded(self) -> bool:
        return True

    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        # A purpose of its own: imp with rewind=initial begins from other numbers of the same seed.
        network, left = initialised(model, seed=derive(seed, self.name))
        if left:
            session.reporter.note(f"reinit: no layer knows how to begin {_some(left)}; left as pretrained")
        begun = "all layers but the head"
        return Rung(with_values(self, given(start), network, begun_anew=begun, left_as_they_were=left))


def _some(names: tuple[str, ...], limit: int = 4) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
