"""The only training loop.

Everything random is drawn from generators that are seeded by (seed, purpose, step), so a training that was stopped and
goes on from a checkpoint ends with the same bits as one that was not. Masked weights are exactly 0 after every step.
What an objective carries, and what it does to the training now and then, is its `Running`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from tombola.batch import Batch
from tombola.errors import Diverged
from tombola.fitting import state
from tombola.fitting.average import Average
from tombola.fitting.checkpoints import Checkpoint, Checkpoints
from tombola.fitting.course import Course
from tombola.fitting.devices import autocast, plain_float32
from tombola.fitting.ranks import ALONE, Ranks
from tombola.fitting.saving import Saving
from tombola.fitting.seeds import derive, generator
from tombola.fitting.session import Bar, Session, Silent
from tombola.fitting.sharding import Shards
from tombola.fitting.trained import Trained
from tombola.fitting.watch import Totals, Watch
from tombola.masks.enforce import Enforces
from tombola.models.network import Network
from tombola.objectives._base import Progress, Running
from tombola.spec import Json

T = TypeVar("T")
_BATCH_NORMS = (nn.modules.batchnorm._BatchNorm,)


@dataclass
class Position:
    """How far a training is, in plain numbers."""

    step: int = 0
    history: list[dict[str, Json]] = field(default_factory=list)


class Training:
    """A network being trained along a course. `run` changes the network it is given."""

    def __init__(
        self,
        network: nn.Module,
        course: Course,
        running: Running,
        optimizer: torch.optim.Optimizer,
        enforcers: Sequence[Enforces] = (),
        average: Average | None = None,
        checkpoints: Checkpoints | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.network = network
        self.course = course
        self.running = running
        self.ranks = ranks
        self.position = Position(step=course.first)
        self.trained = Trained(network, optimizer, average, course.device)
        self.watch = Watch(ranks=ranks)
        self.saving = Saving(checkpoints, course, ranks)
        self.enforcers = enforcers
        forward: Any = torch.compile(network) if course.compiled else network
        self.shards = Shards(network, running.parameters(), forward, course.shards, ranks)
        self.note: Callable[[str], None] = lambda _: None
        self._bar: Bar | None = None

    def run(self, session: Session) -> None:
        """Train to the end, from the newest checkpoint if there is one."""
        reporter = session.reporter if self.ranks.first else Silent()
        self.note = reporter.note
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
                reporter.task(title, self.course.steps, self.position.step) as self._bar,
            ):
                self._all_steps()
        except Diverged as error:
            advice = "Write a lower optimizer.lr, a longer warmup (1ep), clip=1.0 or precision=float32"
            raise Diverged(f"{error} of {self.course.steps}. {self.saving.remedy()}{advice}") from None

    # One step -----------------------------------------------------------------------------------------------------

    def _all_steps(self) -> None:
        self.running.before_first(self)
        while self.position.step < self.course.steps:
            found, shares = self._step(self.position.step)
            self.position.step += 1
            if self.watch.add(found, shares):
                self._read()
            if self.position.step % self.course.feed.per_epoch == 0:
                self._end_epoch()
            self.running.after_step(self)
            if self.course.validates(self.position.step):
                self._validate()
            if self.saving.due(self.position.step):
                self.settle()
                self.saving.save(self._checkpoint)
        self.settle()

    def _step(self, step: int) -> tuple[Tensor, list[float]]:
        """Losses and scores of the parts worked here, and the share of the batch that each part is, everywhere."""
        shares = self.course.feed.shares(self.running.batch_of(step))
        self.trained.optimizer.zero_grad(set_to_none=True)
        found = self.shards.work(lambda shard: self._part(step, shard, shares[shard]))
        self.running.after_backward()
        for enforcer in self.enforcers:
            enforcer.drop_gradients()
        if self.course.clip is not None:
            nn.utils.clip_grad_norm_(self.trained.parameters, self.course.clip)
        self._update(step)
        return found, shares

    def _part(self, step: int, shard: int, share: float) -> Tensor:
        """Forward and backward of a part, weighted by its share; its loss and score."""
        course, number = self.course, self.running.batch_of(step)
        which = () if course.shards == 1 else (shard,)
        drawn = generator(course.seed, "augment", number, *which, device=course.device)
        batch = course.task.views(course.feed.batch_at(number, shard), generator=drawn)
        torch.manual_seed(derive(course.seed, "layers", step, *which))
        at = Progress(step, course.steps, course.feed.per_epoch, shard, course.shards)
        with autocast(course.device, bfloat16=course.bfloat16):
            drawn = generator(course.seed, "objective", step, *which, device=course.device)
            loss, outputs = self.shards.loss(self.running, batch, course.task.losses, at, drawn)
        weighted = loss if share == 1 else loss * share
        weighted.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        with torch.no_grad():
            score = course.task.scores(outputs.detach().float(), batch.targets).float().mean()
            return torch.stack([loss.detach().float(), score])

    def _update(self, step: int) -> None:
        for group in self.trained.optimizer.param_groups:
            group["lr"] = self.course.lr(step)
        self.trained.optimizer.step()
        for enforcer in self.enforcers:
            enforcer.enforce()
        if self.trained.average is not None:
            self.trained.average.update(step)

    def _set_modes(self) -> None:
        self.network.train()
        if self.course.frozen_bn:
            fresh = set(self.network.head.modules()) if isinstance(self.network, Network) else set()
            for module in self.network.modules():
                if isinstance(module, _BATCH_NORMS) and module not in fresh:  # a new head has no statistics to keep
                    module.eval()

    # Now and then -------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        assert self._bar is not None
        count = self.watch.read(self.position.step)
        if count:
            self._bar.advance(count, samples=count * self.course.feed.batch, loss=self.watch.last)

    def _end_epoch(self) -> None:
        self._read()
        totals, self.watch.totals = self.watch.totals, Totals()
        steps = max(totals.steps, 1)
        means: dict[str, Json] = {"loss": totals.loss / steps, "score": totals.score / steps}
        self.position.history.append({"step": self.position.step, **means})

    def _validate(self) -> None:
        validate, step = self.course.validate, self.position.step
        assert validate is not None
        self.settle()
        score = self.ranks.by_first(lambda: self.trained.judge(validate))
        if not math.isfinite(score):
            raise Diverged(f"the network answers validation images with NaN at step {step}")
        self.position.history.append({"step": step, "validation": score})
        self.trained.take(score)

    # What a `Running` may ask for -----------------------------------------------------------------------------------

    @property
    def at(self) -> Progress:
        return Progress(self.position.step, self.course.steps, self.course.feed.per_epoch)

    @property
    def samples(self) -> int:
        return self.course.feed.batch

    def drawn(self, *purpose: str | int) -> torch.Generator:
        here = purpose[:1] == ("here",)
        device = self.course.device if here else torch.device("cpu")
        return generator(self.course.seed, *purpose[here:], device=device)

    def asked(self, question: Callable[[Callable[[Batch], Batch]], T]) -> T:
        def answer() -> T:
            with autocast(self.course.device, bfloat16=self.course.bfloat16):
                return question(lambda batch: batch.to_float(self.course.device))

        return self.ranks.by_first(answer)

    def settle(self) -> None:
        self._read()
        self.trained.require_finite(self.position.step)

    def held(self) -> dict[str, Tensor]:
        return state.copied(self.trained.tensors())

    def go_back(self, held: Mapping[str, Tensor], *, entry: Mapping[str, str]) -> None:
        self.trained.put_in(held)
        self.position.history.append({"step": self.position.step, **entry})

    def end(self) -> None:
        self.position.step = self.course.steps

    # Checkpoints --------------------------------------------------------------------------------------------------

    def _checkpoint(self) -> Checkpoint:
        carried = self.running.tensors()
        if self.running.parted:
            here = {name: tensor.cpu() for name, tensor in carried.items()} if self.ranks.size > 1 else carried
            carried = {name: tensor for there in self.ranks.gathered(here) for name, tensor in there.items()}
        facts: dict[str, Json] = {"position": asdict(self.position), "totals": asdict(self.watch.totals)}
        tensors = {**self.trained.tensors(), **state.filed(carried, "carried")}
        return Checkpoint(self.position.step, tensors, facts)

    def _resume(self) -> None:
        found = self.saving.latest()
        if found is None:
            return
        self.trained.put_in(found.tensors)
        if carried := state.under(found.tensors, "carried"):
            self.running.restore(carried)
        facts: dict[str, Any] = dict(found.facts)
        self.position = Position(**facts["position"])
        self.watch = Watch(totals=Totals(**facts["totals"]), ranks=self.ranks)
        if self.course.first < self.position.step < self.course.steps:
            self.note(f"continues at step {self.position.step} of {self.course.steps}")
