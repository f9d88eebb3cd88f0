"""`Course`: what one training does, in plain values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from tombola.fitting.feed import Feed
from tombola.spec import Json
from tombola.tasks._base import Task


@dataclass(frozen=True)
class Course:
    """What one training does; `Fit` unpacks its options into it. ``steps`` is its end, ``about`` what is told of it."""

    task: Task
    feed: Feed
    steps: int
    lr: Callable[[int], float]
    seed: int
    device: torch.device
    first: int = 0
    bfloat16: bool = False
    clip: float | None = None
    frozen_bn: bool = False
    compiled: bool = False
    validate: Callable[[nn.Module], float] | None = None
    validate_every: int = 0
    save_every: int = 0
    shards: int = 1
    about: Mapping[str, Json] = field(default_factory=dict)

    def validates(self, step: int) -> bool:
        """Whether to validate after so many steps: every now and then, and at the end."""
        if self.validate is None:
            return False
        return step == self.steps or (self.validate_every > 0 and step % self.validate_every == 0)
