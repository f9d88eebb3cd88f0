"""At random: the control that every other score must beat.

What: a weight is worth a number drawn from the Cauchy distribution, of which the mean of any number of draws is again
  a draw. So every group is as likely to stay as any other, whatever its size, under one threshold for all.
When: a control. With budget=global every layer keeps about the same share, with erk or uniform exactly theirs.
Cost: one draw a weight.
Options: none; the seed is the drawing's.
Reference: Frankle & Carbin, "The Lottery Ticket Hypothesis", 2019, has random tickets as its control.
"""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.masks.scores._base import Needs, Probe, Score


@final
class Random(Score):
    """The same numbers for the same seed and tensor name, whatever other tensors there are."""

    NEEDS: ClassVar[frozenset[Needs]] = frozenset({"seed"})

    def scores(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        return {name: _drawn(weight, probe.generator("random", name)) for name, weight in weights.items()}


def _drawn(weight: Tensor, generator: torch.Generator) -> Tensor:
    return torch.empty(weight.shape, dtype=torch.float64).cauchy_(generator=generator).to(weight.device)
