"""Back to an early step of the dense training.

What: the dense network is trained on the task as far as ``at``, with the schedule of the whole fit; every level starts
  from there, and goes on at that step of the schedule and of the data's order.
When: training from scratch or far from the pretrained task, where tickets only appear once training has settled.
Cost: the dense training as far as ``at``, once for a ladder.
Options: ``at``: how far, as 1ep or 500it.
Reference: Frankle et al., "Linear Mode Connectivity and the Lottery Ticket Hypothesis", ICML 2020; open_lth;
  "rewind_lt" in CV_LTH_Pre-training goes back to 9 of 182 epochs.
"""

from typing import ClassVar, final

from tombola.fitting.fit import Fit
from tombola.fitting.part import Part
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.schemes.rewinds._base import Rewind
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.units import Steps


@final
class Early(Rewind):
    """The dense network after a few steps."""

    TRAINS: ClassVar[bool] = True
    ARGUMENT: ClassVar[str | None] = "at"

    at: Steps = option("1ep", "how far the dense network is trained, as 1ep or 500it", validate_default=True)

    @property
    def begin(self) -> Steps:
        return self.at

    def part(self) -> Part:
        return Part(end=self.at)

    def state(self, model: Network, task: Task | None, fit: Fit, *, seed: int, session: Session) -> Network:
        assert task is not None
        return fit.run(model, task, seed=seed, session=session, part=self.part())
