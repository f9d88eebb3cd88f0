"""The running loss and score, read from the device now and then instead of at every step."""

import math
import time
from dataclasses import dataclass, field

import torch
from torch import Tensor

from tombola.errors import Diverged

_STEPS = 10
_SECONDS = 0.5


@dataclass
class Totals:
    """Sums over the epoch so far; plain numbers, so they go into a checkpoint as they are."""

    loss: float = 0.0
    score: float = 0.0
    steps: int = 0


@dataclass
class Watch:
    """Collects each step's loss and score and reads them every ten steps or half a second, whichever is first."""

    totals: Totals = field(default_factory=Totals)
    last: float | None = None
    _waiting: list[Tensor] = field(default_factory=list)
    _since: float = field(default_factory=time.monotonic)

    def add(self, loss: Tensor, score: Tensor) -> bool:
        """Take in a step; True when it is time to `read`."""
        self._waiting.append(torch.stack([loss.detach().float(), score.detach().float()]))
        return len(self._waiting) >= _STEPS or time.monotonic() - self._since > _SECONDS

    def read(self, next_step: int) -> int:
        """Add what is waiting to the totals; returns how many steps that were. A loss that is NaN or infinite stops."""
        if not self._waiting:
            return 0
        count = len(self._waiting)
        # One transfer; added up one by one in order, so the sums do not depend on when they are read.
        for place, (loss, score) in enumerate(torch.stack(self._waiting).tolist()):
            if not math.isfinite(loss):
                raise Diverged(f"the loss became {loss} at step {next_step - count + place + 1}")
            self.totals.loss += loss
            self.totals.score += score
            self.totals.steps += 1
            self.last = loss
        self._waiting.clear()
        self._since = time.monotonic()
        return count
