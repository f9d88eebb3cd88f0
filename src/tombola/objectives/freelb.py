"""FreeLB: every point on the way uphill is trained on, not only the last one.

What: From a random point of an L2 ball around a sample (for texts around all its embeddings together; what the mask
    leaves out stays still), ``steps`` forwards and backwards; each backward gives the gradient that moves the point a
    normalised step up, back into the ball, and the gradient of the weights. The step taken is the mean of the latter.
    Layers that draw, as dropout, draw alike at every point.
When: Robust finetuning of encoders, and A-IMP on texts, at less than ``adversarial``'s cost of the same steps.
Cost: ``steps`` natural steps.
Options: radius, in the embeddings' own unit; steps; step.
Reference: Zhu et al. (FreeLB), ICLR 2020, arXiv 1909.11764, algorithm 1 and section 3.3.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.attacks._norms import direction, project_l2
from tombola.attacks._norms import radius as exactly
from tombola.batch import Batch
from tombola.models.beside import bounds_of, continuous
from tombola.objectives._base import Found, Objective, Progress
from tombola.registry import Examples
from tombola.spec import option

_MASK = "attention_mask"


@final
class FreeLb(Objective):
    """The mean loss, and the mean gradient, of points on the way uphill."""

    EXAMPLES: ClassVar[Examples] = ({}, {"steps": 1}, {"radius": 0.0})

    radius: float = option(0.7, "the ball's radius (L2), around all embeddings of a text or all pixels", ge=0)
    steps: int = option(3, "points trained on, each a step further up", ge=1)
    step: float = option(0.1, "how far the point moves", gt=0)

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        net, x = continuous(model, batch)
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        moved, bounds = self._start(batch, x, generator), bounds_of(model)
        losses: list[Tensor] = []
        sums: list[Tensor | None] = [None] * len(trained)
        for step in range(self.steps):
            last = step == self.steps - 1
            moved.requires_grad_(not last)
            with nullcontext() if last else torch.random.fork_rng([x.device] if x.is_cuda else []):
                outputs = net((x + moved).clamp(*bounds))
                losses.append(criterion(outputs, batch.targets).mean())
            wanted = trained if last else [*trained, moved]
            gradients = torch.autograd.grad(losses[-1], wanted, allow_unused=True)
            sums = [_added(mine, more) for mine, more in zip(sums, gradients, strict=False)]
            if not last:
                moved = self._moved(moved.detach(), gradients[-1])
        value = torch.stack([loss.detach() for loss in losses]).mean()
        return Found(_Spent.apply(value, sums, self.steps, *trained), outputs)

    @property
    def spent(self) -> bool:
        return True

    def passes(self, classes: int, *, body: bool = True) -> float:
        return 3 * self.steps if body else 2 * self.steps - 1  # the last point moves no more

    def _start(self, batch: Batch, x: Tensor, generator: torch.Generator) -> Tensor:
        """Uniform in [-radius, radius] over the root of how many numbers move."""
        mask = batch.more.get(_MASK)
        counted = torch.ones_like(x) if mask is None or x.ndim != 3 else mask[..., None].to(x.dtype).expand_as(x)
        drawn = torch.rand(x.shape, generator=generator, device=generator.device).to(x.device, x.dtype)
        count = counted.flatten(1).sum(1).clamp_min(1).view(-1, *[1] * (x.dim() - 1))
        return (2 * drawn - 1) * counted * (self.radius / count.sqrt())

    def _moved(self, moved: Tensor, gradient: Tensor | None) -> Tensor:
        if gradient is None:
            return moved
        up = torch.add(moved, direction(gradient, "l2"), alpha=self.step)
        return project_l2(torch.zeros_like(up), up, exactly(self.radius, up))


class _Spent(torch.autograd.Function):
    """A loss whose gradients are known already: the sums given, over how many there are of each."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, sums: Sequence[Tensor | None], count: int, *trained: Tensor) -> Tensor:
        del trained  # what the sums are gradients of
        ctx.sums, ctx.count = sums, count
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor | None, ...]:
        share = above[0] / ctx.count
        return (None, None, None, *(None if one is None else one * share for one in ctx.sums))


def _added(mine: Tensor | None, more: Tensor | None) -> Tensor | None:
    if mine is None or more is None:
        return more if mine is None else mine
    return mine + more
