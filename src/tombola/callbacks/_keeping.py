"""`Keeping`: what both callbacks do, between the beginning of a training and its end."""

from collections.abc import Callable, Sequence
from typing import final

import torch
from torch import nn

from tombola.masks.enforce import Enforcer
from tombola.masks.masks import Masks


@final
class Keeping:
    """Masks of ``module``, or of whatever model a training begins with."""

    def __init__(self, masks: Masks, module: nn.Module | None) -> None:
        self._masks, self._module = masks, module
        self._enforcer: Enforcer | None = None
        self._ends: list[Callable[[], None]] = []

    def begin(self, model: nn.Module, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        """The masks are on, and stay so at every step; the model is on its device by now."""
        self._stop()
        self._enforcer = Enforcer(self._module or model, self._masks)
        self._ends = [self._enforcer.attach(optimizer) for optimizer in optimizers]

    def end(self) -> None:
        """Steps are free again; raises `MaskError` where a pruned weight is not +0.0."""
        self._stop()
        if self._enforcer is not None:
            self._enforcer.check()

    def _stop(self) -> None:
        """Of a training that was interrupted too."""
        for end in self._ends:
            end()
        self._ends = []
