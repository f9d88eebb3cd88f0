"""A penalty on the scales of a supernet's channels, each by what it costs, around any other objective.

What: the other objective's loss and rho(t) times the sum over all hidden channels of cost * |scale|, the scale being
    that of the batch norm behind the depthwise convolution. A cost is the multiply-adds of one such channel at the
    resolution of its branch, as a part of their mean over all channels; so dear channels are pushed harder. rho(t)
    rises evenly from 0 until ``rise`` of the training. Scales that end near 0 are what the change ``shrink`` takes out.
    Around ``adversarial`` what is searched is a robust net.
When: SuperTickets: the net and its ticket in one training.
Cost: that of the other objective; a sum over some hundred numbers.
Options: of; rho; rise. The published rho, 1e-4 to 2e-4, is for hundreds of epochs: trainings of minutes want 50 to 200
    times as much, until 20 to 50 % of the scales fall under the threshold.
Reference: Ding et al., "HR-NAS", CVPR 2021, arXiv 2106.06560; You et al., "SuperTickets", ECCV 2022, arXiv 2207.03677.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, Self, final

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.batch import Batch
from tombola.errors import RequestError
from tombola.models.network import Network
from tombola.models.slimming import operations
from tombola.models.supernet import Supernet
from tombola.objectives._around import Around
from tombola.objectives._base import Found, Objective, Progress, Running
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._base import Task


@final
class ScalePenalty(Objective):
    """Another objective's loss, and what channels cost."""

    NET: ClassVar[str] = "supernet:1x1"
    EXAMPLES: ClassVar[Examples] = ({"rho": 0.1, "rise": 0.0},)

    of: Objective = option("natural", "the objective that the penalty is added to", validate_default=True)
    rho: float = option(1e-4, "the weight of the penalty once it has risen", gt=0)
    rise: float = option(0.07, "until when it rises, as a part of the training", ge=0, le=1)

    @model_validator(mode="after")
    def _a_loss_is_there(self) -> Self:
        if self.of.spent or self.of.OWN_BATCH:
            raise ValueError(
                f"{self.of.name!r} has spent its gradients when its loss is there, and nothing can be added to it;"
                " write of=adversarial"
            )
        return self

    def weight(self, at: Progress) -> float:
        """rho at a step."""
        return self.rho * min(1.0, at.step / (self.rise * at.steps)) if self.rise else self.rho

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        """Without the penalty, which the training's `Running` adds."""
        return self.of.loss(model, batch, criterion, at=at, generator=generator)

    def check(self, task: Task) -> None:
        self.of.check(task)

    def begin(self, network: nn.Module, task: Task, *, seed: int) -> Running:
        if not isinstance(network, Network) or not isinstance(network.body, Supernet):
            body = network.body if isinstance(network, Network) else network
            raise RequestError(
                f"scale_penalty: {type(body).__name__} has no parallel paths whose scales could be weighed; write"
                f" model=supernet:2x2, or objective={self.of.name}"
            )
        costs = relative(network.body, operations(network, task.example()))
        return Weighing(self, self.of.begin(network, task, seed=seed), network.body, costs)

    def passes(self, classes: int, *, body: bool = True) -> float | None:
        return self.of.passes(classes, body=body)

    def untaught(self) -> Objective | None:
        plain = self.of.untaught()
        return None if plain is None else self.replace(of=plain)

    def taught(self, by: Network) -> Self:
        return self.replace(of=self.of.taught(by))


@final
class Weighing(Around):
    """An objective at work beside the penalty."""

    def __init__(self, objective: ScalePenalty, inner: Running, body: Supernet, costs: Mapping[str, float]) -> None:
        super().__init__(objective, inner)
        self._penalty: Final = objective
        self._scales: Final[dict[str, Tensor]] = {name: path.norm2.weight for name, path in body.paths().items()}
        self._costs: Final = costs

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        found = self.inner.loss(model, batch, criterion, at=at, generator=generator)
        if not self._scales:
            return found
        sums = [self._costs[name] * scale.abs().sum() for name, scale in self._scales.items()]
        return Found(found.loss + self._penalty.weight(at) * torch.stack(sums).sum(), found.outputs)


def relative(body: Supernet, costs: Mapping[str, float]) -> dict[str, float]:
    """What a channel of each path costs, of the mean over all channels.

    >>> generator = torch.Generator().manual_seed(0)
    >>> from tombola.models.supernet import supernet
    >>> body = supernet((1, 1), kernels=(3, 5), generator=generator)
    >>> found = relative(body, {name: 2.0 + name.endswith("k5") for name in body.paths()})
    >>> sorted(set(found.values()))
    [0.8, 1.2]
    """
    counts = {name: path.norm2.num_features for name, path in body.paths().items()}
    mean = sum(costs[name] * count for name, count in counts.items()) / max(1, sum(counts.values()))
    return {name: costs[name] / mean for name in counts}
