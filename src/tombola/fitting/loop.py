"""The only training loop.

Everything random is drawn from generators that are seeded by (seed, purpose, step), so a training that was stopped and
goes on from a checkpoint ends with the same bits as one that was not. Masked weights are exactly 0 after every step.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from tombola.errors import Diverged
from tombola.fitting import state
from tombola.fitting.average import Average
from tombola.fitting.checkpoints import Checkpoint, Checkpoints
from tombola.fitting.devices import autocast, plain_float32
from tombola.fitting.feed import Feed
from tombola.fitting.guarding import Guarding
from tombola.fitting.masked_layers import MaskedNetwork
from tombola.fitting.ranks import ALONE, Ranks
from tombola.fitting.replaying import Replays
from tombola.fitting.seeds import derive, generator
from tombola.fitting.session import Bar, Session, Silent
from tombola.fitting.sharding import Shards
from tombola.fitting.watch import Totals, Watch
from tombola.masks.enforce import Enforcer
from tombola.models.network import Network
from tombola.objectives._base import Objective
from tombola.spec import Json
from tombola.tasks._base import Task

_SECONDS = 20.0
_TOGETHER = 10
_SHARE = 0.05
_BATCH_NORMS = (nn.modules.batchnorm._BatchNorm,)


@dataclass(frozen=True)
class Course:
    """What one training does, in plain values; `Fit` unpacks its options into it. ``steps`` is where it ends."""

    objective: Objective
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


@dataclass
class Progress:
    """Where a training stands, in plain numbers."""

    step: int = 0
    best: float | None = None
    history: list[dict[str, Json]] = field(default_factory=list)


class Training:
    """A network being trained along a course. `run` changes the network it is given."""

    def __init__(
        self,
        network: nn.Module,
        course: Course,
        optimizer: torch.optim.Optimizer,
        enforcer: Enforcer | MaskedNetwork | None,
        average: Average | None,
        checkpoints: Checkpoints | None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.network = network
        self.course = course
        self.optimizer = optimizer
        self.enforcer = enforcer
        self.average = average
        self.checkpoints = checkpoints
        self.progress = Progress(step=course.first)
        self.best: dict[str, Tensor] = {}
        self.watch = Watch(ranks=ranks)
        self.guarding = Guarding(
            course.objective, course.task, seed=course.seed, device=course.device, bfloat16=course.bfloat16
        )
        self.ranks = ranks
        forward: Any = torch.compile(network) if course.compiled else network
        self.shards = Shards(network, forward, course.shards, ranks)
        self.replays = Replays(course.objective.replay(), course.feed.batch, course.shards, ranks)
        self._note: Callable[[str], None] = lambda _: None
        self._saved = (time.monotonic(), 0.0)
        self._trained = state.trained(optimizer)
        self._keeps = ranks.told(checkpoints is not None)

    def run(self, session: Session) -> None:
        """Train to the end, from the newest checkpoint if there is one."""
        reporter = session.reporter if self.ranks.first else Silent()
        self._note = reporter.note
        self._resume()
        title = "/".join(session.path) or "fit"
        self._set_modes()
        # Layers such as dropout draw from torch's own generator: it is borrowed here and given back as it was.
        borrowed = torch.random.fork_rng([self.course.device] if self.course.device.type == "cuda" else [])
        try:
            with (
                borrowed,
                plain_float32(),
                self.course.feed,
                reporter.task(title, self.course.steps, self.progress.step) as bar,
            ):
                self._all_steps(bar)
        except Diverged as error:
            raise Diverged(f"{error} of {self.course.steps}. {self._remedy()}") from None

    def result(self) -> dict[str, Tensor]:
        """The state to keep: the best validated, else the average, else the last."""
        if self.best:
            return self.best
        return self.average.values if self.average else self.network.state_dict()

    # One step -----------------------------------------------------------------------------------------------------

    def _all_steps(self, bar: Bar) -> None:
        if not self.guarding.holds:
            self.guarding.hold(self.progress.step, self._state(), self.progress.best, seen=False)
        while self.progress.step < self.course.steps:
            found, shares = self._step(self.progress.step)
            self.progress.step += 1
            if self.watch.add(found, shares):
                self._read(bar)
            if self.progress.step % self.course.feed.per_epoch == 0:
                self._end_epoch(bar)
            if self.guarding.due(self.progress.step, self.course.steps, self.course.feed.per_epoch):
                self._look(bar)
            if self._validation_due():
                self._validate(bar)
            if self._checkpoint_due():
                self._save(bar)
        self._read(bar)
        self._require_finite()

    def _step(self, step: int) -> tuple[Tensor, list[float]]:
        """Losses and scores of the parts worked here, and the share of the batch that each part is, everywhere."""
        shares = self.course.feed.shares(self.replays.batch_of(step))
        self.optimizer.zero_grad(set_to_none=True)
        found = self.shards.work(lambda shard: self._part(step, shard, shares[shard]))
        if self.enforcer is not None:
            self.enforcer.drop_gradients()
        if self.course.clip is not None:
            nn.utils.clip_grad_norm_(self._trained, self.course.clip)
        self._update(step)
        return found, shares

    def _part(self, step: int, shard: int, share: float) -> Tensor:
        """Forward and backward of a part, weighted by its share; its loss and score."""
        course, replaying = self.course, self.replays.of(shard)
        batch = replaying.batch_of(step)
        which = () if course.shards == 1 else (shard,)
        x, targets = course.feed.batch_at(batch, shard)
        drawn = generator(course.seed, "augment", batch, *which, device=course.device)
        x, targets = course.task.augment_pair(x, targets, generator=drawn)
        x = replaying.moved(x)
        torch.manual_seed(derive(course.seed, "layers", step, *which))
        with autocast(course.device, bfloat16=course.bfloat16):
            drawn = generator(course.seed, "objective", step, *which, device=course.device)
            loss, outputs = self.shards.loss(self.guarding.objective, x, targets, course.task.losses, drawn)
        weighted = loss if share == 1 else loss * share
        weighted.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        replaying.advance()
        with torch.no_grad():
            score = course.task.scores(outputs.detach().float(), targets).float().mean()
            return torch.stack([loss.detach().float(), score])

    def _update(self, step: int) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.course.lr(step)
        self.optimizer.step()
        if self.enforcer is not None:
            self.enforcer.enforce()
        if self.average is not None:
            self.average.update(step)

    def _set_modes(self) -> None:
        self.network.train()
        if self.course.frozen_bn:
            fresh = set(self.network.head.modules()) if isinstance(self.network, Network) else set()
            for module in self.network.modules():
                if isinstance(module, _BATCH_NORMS) and module not in fresh:  # a new head has no statistics to keep
                    module.eval()

    # Now and then -------------------------------------------------------------------------------------------------

    def _read(self, bar: Bar) -> None:
        count = self.watch.read(self.progress.step)
        if count:
            bar.advance(count, samples=count * self.course.feed.batch, loss=self.watch.last)

    def _end_epoch(self, bar: Bar) -> None:
        self._read(bar)
        totals = self.watch.totals
        steps = max(totals.steps, 1)
        entry: dict[str, Json] = {
            "step": self.progress.step,
            "loss": totals.loss / steps,
            "score": totals.score / steps,
        }
        self.progress.history.append(entry)
        self.watch.totals = Totals()

    def _look(self, bar: Bar) -> None:
        """Hold the state when it is sound; otherwise go back to the last that was, and go on or end there."""
        self._read(bar)
        self._require_finite()
        step, last = self.progress.step, self.course.steps
        found = self.ranks.by_first(lambda: self.guarding.look(self.network, step, self.course.feed.batch))
        if found.sound:
            self.guarding.hold(step, self._state(), self.progress.best, seen=True)
        if not found.fault or self.guarding.waits(step, last):
            return
        goes_on, text = self.guarding.repair(found.fault, step, last)
        tensors, self.progress.best = self.guarding.sound()
        self._put_in(tensors)
        self.progress.history.append({"step": step, "fault": found.fault})
        self._note(text)
        if not goes_on:
            self.progress.step = last

    def _validation_due(self) -> bool:
        if self.course.validate is None:
            return False
        last = self.progress.step == self.course.steps
        return last or (self.course.validate_every > 0 and self.progress.step % self.course.validate_every == 0)

    def _validate(self, bar: Bar) -> None:
        assert self.course.validate is not None
        self._read(bar)
        self._require_finite()
        candidate = self.average.values if self.average else self.network.state_dict()
        score = self.ranks.by_first(lambda: self._score_of(candidate))
        if not math.isfinite(score):
            raise Diverged(f"the network answers validation images with NaN at step {self.progress.step}")
        self.progress.history.append({"step": self.progress.step, "validation": score})
        if self.progress.best is None or score > self.progress.best:
            self.progress.best = score
            self.best = state.copied(candidate)

    def _score_of(self, candidate: dict[str, Tensor]) -> float:
        assert self.course.validate is not None
        if self.average is None:
            return self.course.validate(self.network)
        trained = state.copied(self.network.state_dict())
        state.load(self.network, candidate)
        try:
            return self.course.validate(self.network)
        finally:
            state.load(self.network, trained)

    # Checkpoints --------------------------------------------------------------------------------------------------

    def _checkpoint_due(self) -> bool:
        """At an epoch's end or after twenty seconds, taking at most about a twentieth of the time; and at the end."""
        if not self._keeps:
            return False
        step, every = self.progress.step, self.course.save_every
        if step == self.course.steps:
            return True
        if every:
            return step % every == 0
        ends = step % self.course.feed.per_epoch == 0
        if self.ranks.size > 1 and not ends and step % _TOGETHER:
            return False  # clocks differ: processes ask the first one's now and then
        return self.ranks.told(self._time_has_come(ends=ends))

    def _time_has_come(self, *, ends: bool) -> bool:
        passed, cost = time.monotonic() - self._saved[0], self._saved[1]
        if passed < cost / _SHARE:
            return False
        return passed > _SECONDS or ends

    def _save(self, bar: Bar) -> None:
        self._read(bar)
        self._require_finite()
        begun = time.monotonic()
        checkpoint = Checkpoint(self.progress.step, self._tensors(), self._facts())
        self.ranks.by_first(lambda: self._keep(checkpoint))
        self._saved = (time.monotonic(), time.monotonic() - begun)

    def _keep(self, checkpoint: Checkpoint) -> None:
        assert self.checkpoints is not None
        self.checkpoints.save(checkpoint)

    def _require_finite(self) -> None:
        """A finite loss may still leave weights that are not: such a state is never kept."""
        norms = torch.stack(torch._foreach_norm([p.detach() for p in self._trained]))
        if not bool(torch.isfinite(norms).all()):
            raise Diverged(f"the weights became infinite or NaN by step {self.progress.step}")

    def _tensors(self) -> dict[str, Tensor]:
        sound, carried = state.filed(self.guarding.tensors(), "sound"), state.filed(self.replays.tensors(), "carried")
        return {**self._state(), **sound, **carried}

    def _state(self) -> dict[str, Tensor]:
        average = {} if self.average is None else self.average.values
        optimizer = state.optimizer_state(self.optimizer)
        parts = {"model": self.network.state_dict(), "optimizer": optimizer, "average": average, "best": self.best}
        return {name: tensor for folder, part in parts.items() for name, tensor in state.filed(part, folder).items()}

    def _facts(self) -> dict[str, Json]:
        guard = self.guarding.facts()
        facts: dict[str, Json] = {"progress": asdict(self.progress), "totals": asdict(self.watch.totals)}
        return {**facts, "guard": guard} if guard else facts

    def _resume(self) -> None:
        found = self.ranks.by_first(lambda: self.checkpoints.latest() if self.checkpoints is not None else None)
        if found is None:
            return
        self._put_in(found.tensors)
        self.replays.restore(state.under(found.tensors, "carried"), self.course.device)
        facts: dict[str, Any] = dict(found.facts)
        self.progress = Progress(**facts["progress"])
        self.watch = Watch(totals=Totals(**facts["totals"]), ranks=self.ranks)
        self.guarding.restore(state.under(found.tensors, "sound"), facts.get("guard", {}))
        if self.course.first < self.progress.step < self.course.steps:
            self._note(f"continues at step {self.progress.step} of {self.course.steps}")

    def _put_in(self, tensors: Mapping[str, Tensor]) -> None:
        """The inverse of `_state`; what the optimizer has no momentum for begins anew."""
        state.load(self.network, state.under(tensors, "model"))
        best = state.under(tensors, "best")
        self.best = {name: tensor.to(self.course.device) for name, tensor in best.items()}
        if self.average is not None:
            self.average.restore(state.under(tensors, "average"))
        state.restore_optimizer(self.optimizer, state.under(tensors, "optimizer"))

    def _remedy(self) -> str:
        files = "" if self.checkpoints is None else "The last good checkpoint is kept. "
        return f"{files}Write a lower optimizer.lr, a longer warmup (1ep), clip=1.0 or precision=float32"
