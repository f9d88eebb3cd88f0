"""Back to random weights: the original lottery-ticket experiment, and the control for pretraining.

What: every layer of the body but the head is initialised anew as its class does it, from the seed; batch norm starts at
  mean 0, variance 1. Every level starts from that same state.
When: asking what pretraining is worth; on large nets rewinding to an early step finds better tickets.
Cost: none beyond the initialisation.
Options: none.
Reference: Frankle & Carbin, ICLR 2019; "lt" in CV_LTH_Pre-training.
"""

from typing import ClassVar, final

from tombola.fitting.fit import Fit
from tombola.fitting.seeds import derive
from tombola.fitting.session import Session
from tombola.models.fresh import initialised
from tombola.models.network import Network
from tombola.schemes.rewinds._base import Rewind
from tombola.tasks._base import Task


@final
class Initial(Rewind):
    """All layers but the head drawn anew."""

    SEEDED: ClassVar[bool] = True

    def state(self, model: Network, task: Task | None, fit: Fit, *, seed: int, session: Session) -> Network:
        fresh, left = initialised(model, seed=derive(seed, "initial"))
        if left:
            session.reporter.note(f"rewind=initial leaves {', '.join(left)} pretrained: no layer knows how they begin")
        return fresh
