"""Back to the pretrained state: what the papers on pretrained tickets do.

What: every level starts from the pretrained weights, batch-norm parameters and statistics, bit for bit.
When: tickets of pretrained models; tickets stay mask-only, so one backbone carries them all.
Cost: none.
Options: none.
Reference: Chen et al., CVPR 2021 and ICML 2022; Fu et al., DAC 2023.
"""

from typing import final

from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.schemes.rewinds._base import Rewind
from tombola.tasks._base import Task


@final
class Pretrained(Rewind):
    """The model as it was given."""

    def state(self, model: Network, task: Task | None, fit: Fit, *, seed: int, session: Session) -> Network:
        return model.copy()
