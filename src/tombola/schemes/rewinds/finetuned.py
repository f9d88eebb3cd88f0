"""Back to the dense finetuned weights.

What: the dense network is trained on the task to the end of the fit; every level starts from those weights.
When: the ticket is wanted for this very task, and the source's weights are not needed any more.
Cost: one dense training, once for a ladder.
Options: none.
Reference: "pt" in CV_LTH_Pre-training (there the best dense weights by validation: set fit.select=best_val).
"""

from typing import ClassVar, final

from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.schemes.rewinds._base import Rewind
from tombola.tasks._base import Task


@final
class Finetuned(Rewind):
    """The dense network after the whole fit."""

    TRAINS: ClassVar[bool] = True

    def state(self, model: Network, task: Task | None, fit: Fit, *, seed: int, session: Session) -> Network:
        assert task is not None
        return fit.run(model, task, seed=seed, session=session)
