"""The running loss and score, read from the device now and then instead of at every step."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from tombola.errors import Diverged
from tombola.fitting.ranks import ALONE, Ranks

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
    """Collects each step's loss and score and reads them every ten steps or half a second, whichever is first.

    A step has several of both where its batch is worked in parts; several processes read every ten steps only, since
    their clocks differ and they read together.
    """

    totals: Totals = field(default_factory=Totals)
    last: float | None = None
    ranks: Ranks = ALONE
    _waiting: list[Tensor] = field(default_factory=list)
    _shares: list[Sequence[float]] = field(default_factory=list)
    _since: float = field(default_factory=time.monotonic)

    def add(self, found: Tensor, shares: Sequence[float]) -> bool:
        """Take in a step: (parts here, 2), losses and scores, and each part's share; True when it is time to `read`."""
        self._waiting.append(found)
        self._shares.append(shares)
        late = self.ranks.size == 1 and time.monotonic() - self._since > _SECONDS
        return late or len(self._waiting) >= _STEPS

    def read(self, next_step: int) -> int:
        """Add what is waiting to the totals; returns how many steps that were. A loss that is NaN or infinite stops."""
        if not self._waiting:
            return 0
        count = len(self._waiting)
        # One transfer; added up one by one in order, so the sums do not depend on when they are read.
        for place, (loss, score) in enumerate(self._means()):
            if not math.isfinite(loss):
                raise Diverged(f"the loss became {loss} at step {next_step - count + place + 1}")
            self.totals.loss += loss
            self.totals.score += score
            self.totals.steps += 1
            self.last = loss
        self._waiting.clear()
        self._shares.clear()
        self._since = time.monotonic()
        return count

    def _means(self) -> list[tuple[float, float]]:
        """Loss and score of each step that waits: means over the images of all parts, in all processes."""
        everywhere = self.ranks.gathered(torch.stack(self._waiting).tolist())
        means = []
        for place, shares in enumerate(self._shares):
            parts = [part for here in everywhere for part in here[place]]
            loss, score = (sum(share * part[i] for share, part in zip(shares, parts, strict=True)) for i in (0, 1))
            means.append((loss, score))
        return means
