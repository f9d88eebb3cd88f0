"""`Stepping`: one step of a training: a batch, its views, the loss, the backward, the update, masks put back on."""

from collections.abc import Callable, Sequence
from typing import Any, Final, final

import torch
from torch import Tensor, nn

from tombola.fitting.course import Course
from tombola.fitting.devices import autocast
from tombola.fitting.ranks import Ranks
from tombola.fitting.seeds import derive, generator
from tombola.fitting.sharding import Shards
from tombola.fitting.trained import Trained
from tombola.masks.enforce import Enforces
from tombola.models.network import Network
from tombola.objectives._base import Progress, Running

_BATCH_NORMS: Final = (nn.modules.batchnorm._BatchNorm,)


@final
class Stepping:
    """Steps of one network, as it is until something changes it; ``enforcers`` keep its masks."""

    def __init__(self, course: Course, network: Network, running: Running, trained: Trained, ranks: Ranks) -> None:
        self.enforcers: Sequence[Enforces] = ()
        self._course = course
        self._network = network
        self._running = running
        self._trained = trained
        forward: Any = torch.compile(network) if course.compiled else network
        self._shards = Shards(network, running.parameters(), forward, course.shards, ranks)

    def set_modes(self) -> None:
        """Training mode, but for batch norms that are to stay."""
        self._network.train()
        if self._course.frozen_bn:
            fresh = set(self._network.head.modules())
            for module in self._network.modules():
                if isinstance(module, _BATCH_NORMS) and module not in fresh:  # a new head has no statistics to keep
                    module.eval()

    def step(self, step: int, with_gradients: Callable[[], None]) -> tuple[Tensor, list[float]]:
        """Losses and scores of the parts worked here, and the share of the batch that each part is, everywhere.

        ``with_gradients`` is called before the update, while pruned weights have their gradients still; it may put
        other ``enforcers`` in.
        """
        shares = self._course.feed.shares(self._running.batch_of(step))
        self._trained.optimizer.zero_grad(set_to_none=True)
        found = self._shards.work(lambda shard: self._part(step, shard, shares[shard]))
        self._running.after_backward()
        with_gradients()
        for enforcer in self.enforcers:
            enforcer.drop_gradients()
        if self._course.clip is not None:
            nn.utils.clip_grad_norm_(self._trained.parameters, self._course.clip)
        self._update(step)
        return found, shares

    def _part(self, step: int, shard: int, share: float) -> Tensor:
        """Forward and backward of a part, weighted by its share; its loss and score."""
        course, number = self._course, self._running.batch_of(step)
        which = () if course.shards == 1 else (shard,)
        drawn = generator(course.seed, "augment", number, *which, device=course.device)
        batch = course.task.views(course.feed.batch_at(number, shard), generator=drawn)
        torch.manual_seed(derive(course.seed, "layers", step, *which))
        at = Progress(step, course.steps, course.feed.per_epoch, shard, course.shards)
        with autocast(course.device, bfloat16=course.bfloat16):
            drawn = generator(course.seed, "objective", step, *which, device=course.device)
            loss, outputs = self._shards.loss(self._running, batch, course.task.losses, at, drawn)
        weighted = loss if share == 1 else loss * share
        weighted.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        with torch.no_grad():
            score = course.task.scores(outputs.detach().float(), batch.targets).float().mean()
            return torch.stack([loss.detach().float(), score])

    def _update(self, step: int) -> None:
        for group in self._trained.optimizer.param_groups:
            group["lr"] = self._course.lr(step) * group.get("share", 1.0)
        self._trained.optimizer.step()
        for enforcer in self.enforcers:
            enforcer.enforce()
