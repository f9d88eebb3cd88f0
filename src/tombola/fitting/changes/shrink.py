"""Shrinking: hidden channels that a supernet no longer uses are taken out while it is trained.

What: every so often the channels whose batch-norm scale is ``below`` are dead: in magnitude now, and on an average over
  the steps so far (the last time, at ``end``, that average alone decides). Where they make up ``least`` of the paths'
  multiply-adds, or at ``end``, the net is built anew without them; a path without channels is gone, a block without
  paths is its shortcut. Momenta, averages and masks are cut alike. The ticket's origin says which net is left, so it is
  loaded, exported and adapted as any other. Scales become small under objective ``scale_penalty``.
When: the net itself is to be found, and beside ``prune`` or ``revive`` what is left of it pruned, in one training
  (SuperTickets). Search alone, then a scheme; or a ticket, then search, are the baselines.
Cost: building the net anew, now and then; from then on less.
Options: ``every``; ``end``, a part of the training; ``below``; ``least``; ``memory``, of the average.
Reference: You et al., "SuperTickets", ECCV 2022, arXiv 2207.03677; Ding et al., "HR-NAS", CVPR 2021, arXiv 2106.06560.
"""

from collections.abc import Mapping
from typing import ClassVar, Final, final

import torch
from torch import Tensor

from tombola.errors import RequestError
from tombola.fitting import state
from tombola.fitting.changes._base import Change, Changing, Edit, Given, cut
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.slimming import operations, slim
from tombola.models.supernet import Supernet
from tombola.objectives._base import Progress
from tombola.registry import Examples
from tombola.spec import option
from tombola.units import Steps


@final
class Shrink(Change):
    """A supernet that gets smaller."""

    VERSION: ClassVar[int] = 2  # an average is freed of what its own dead channels gave, not of what the net's did
    NET: ClassVar[str] = "supernet:1x1"
    EXAMPLES: ClassVar[Examples] = ({"every": "2it", "below": 1.0},)

    every: Steps = option("1ep", "how often, as '100it' or '1ep'", validate_default=True)
    end: float = option(0.75, "when it shrinks for the last time, as a part of the training", gt=0, le=1)
    below: float = option(1e-3, "the scale at which a channel is dead", ge=0)
    least: float = option(0.01, "the part of the paths' operations that is worth building the net anew", ge=0, lt=1)
    memory: float = option(0.99, "how much of the scales' average stays at each step", ge=0, lt=1)

    def due(self, progress: Progress) -> bool:
        """Whether channels are looked at before a step."""
        every = max(1, self.every.iterations(progress.per_epoch))
        return 0 < progress.step <= self.last(progress) and (
            progress.step % every == 0 or progress.step == self.last(progress)
        )

    def last(self, progress: Progress) -> int:
        """The step before which they are looked at last."""
        return min(progress.steps - 1, round(self.end * progress.steps))

    def begin(self, given: Given) -> Changing:
        if not isinstance(given.network.body, Supernet):
            raise RequestError(
                f"shrink: {type(given.network.body).__name__} ({given.network.source}) has no parallel paths to take"
                " channels from; write model=supernet:2x2, or draw with --scheme coupled and export shrink"
            )
        return Shrinking(self, given)


@final
class Shrinking(Changing):
    """`Shrink` at work: the scales by path, and their averages."""

    def __init__(self, options: Shrink, given: Given) -> None:
        self._options: Final = options
        self._operations: Final = operations(given.network, given.task.example())
        self._means: dict[str, Tensor] = {}
        self._follow(given.network)

    def at(self, given: Given, progress: Progress) -> Edit | None:
        if not self._options.due(progress):
            return None
        last = progress.step == self._options.last(progress)
        alive = {name: self._alive(name, last=last) for name in self._scales}
        dead = self._share(alive)
        if dead == 0 or (dead < self._options.least and not last):
            return None
        before, network = given.network, given.network.copy()
        kept = slim(network, alive)
        masks = None if given.masks is None else Masks(cut(given.masks, network, kept))
        return Edit(network, masks, kept, alike=lambda values: _slimmed(before, values, alive))

    @torch.no_grad()
    def after_step(self, step: int) -> None:
        weight = 1 - min(self._options.memory, (1 + step) / (10 + step))
        for name, mean in self._means.items():
            mean.lerp_(self._scales[name].detach(), weight)

    def edited(self, edit: Edit) -> None:
        before = self._means
        self._follow(edit.network)
        for name in self._means.keys() & before.keys():
            where = edit.kept.get(f"body.{name}.norm2.weight")
            mean = before[name] if where is None else before[name][where.to(before[name].device)]
            if mean.shape == self._means[name].shape:
                self._means[name] = mean

    def resumed(self, network: Network, tensors: Mapping[str, Tensor]) -> Network:
        body = network.body
        assert isinstance(body, Supernet)
        left = {name: tensors.get(f"body.{name}.norm2.weight") for name in body.paths()}
        slim(network, {name: _first(path.norm2.num_features, left[name]) for name, path in body.paths().items()})
        return network

    def tensors(self) -> dict[str, Tensor]:
        return dict(self._means)

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        for name, mean in self._means.items():
            mean.copy_(tensors[name])

    def _follow(self, network: Network) -> None:
        body = network.body
        assert isinstance(body, Supernet)
        self._scales: dict[str, Tensor] = {name: path.norm2.weight for name, path in body.paths().items()}
        self._means = {name: scale.detach().clone() for name, scale in self._scales.items()}

    def _alive(self, name: str, *, last: bool) -> Tensor:
        remembered = self._means[name].abs() > self._options.below
        return remembered if last else remembered | (self._scales[name].detach().abs() > self._options.below)

    def _share(self, alive: Mapping[str, Tensor]) -> float:
        """What the dead channels cost, of what all paths do."""
        dead = sum(self._operations[name] * int((~own).sum()) for name, own in alive.items())
        return dead / max(1.0, sum(self._operations[name] * len(own) for name, own in alive.items()))


def _slimmed(network: Network, values: Mapping[str, Tensor], alive: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Other values of a network without the same channels: each has means of its own to take these off."""
    other = network.copy()
    state.load(other, values)
    slim(other, alive)
    return other.state_dict()


def _first(count: int, left: Tensor | None) -> Tensor:
    """As many of ``count`` channels as are left; which ones does not count."""
    return torch.arange(count) < (0 if left is None else len(left))
