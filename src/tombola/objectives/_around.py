"""`Around`: an objective at work around another one, which goes on doing all that it does but its loss alone."""

from collections.abc import Mapping
from typing import Final

from torch import Tensor, nn

from tombola.objectives._base import Objective, Running, Standing


class Around(Running):
    """Hands everything on to the objective inside; ``loss`` is for whoever stands around it."""

    def __init__(self, objective: Objective, inner: Running) -> None:
        super().__init__(objective)
        self.inner: Final = inner

    @property
    def parted(self) -> bool:
        return self.inner.parted

    def batch_of(self, step: int) -> int:
        return self.inner.batch_of(step)

    def parameters(self) -> list[nn.Parameter]:
        return self.inner.parameters()

    def after_backward(self) -> None:
        self.inner.after_backward()

    def before_first(self, training: Standing) -> None:
        self.inner.before_first(training)

    def after_step(self, training: Standing) -> None:
        self.inner.after_step(training)

    def tensors(self) -> dict[str, Tensor]:
        return self.inner.tensors()

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self.inner.restore(tensors)
