"""The only training loop.

Everything random is drawn from generators that are seeded by (seed, purpose, step), so a training that was stopped and
goes on from a checkpoint ends with the same bits as one that was not. Masked weights are exactly 0 after every step.
What an objective carries, and what it does to the training now and then, is its `Running`; what may happen to masks,
shapes and modules on the way are changes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor

from tombola.batch import Batch
from tombola.errors import Diverged, StageError
from tombola.fitting import state
from tombola.fitting.changes._base import Change, Edit, Given
from tombola.fitting.checkpoints import Checkpoint, Checkpoints
from tombola.fitting.course import Course
from tombola.fitting.devices import autocast, plain_float32
from tombola.fitting.making import Making
from tombola.fitting.ranks import ALONE, Ranks
from tombola.fitting.saving import Saving
from tombola.fitting.seeds import generator
from tombola.fitting.session import Bar, Session, Silent
from tombola.fitting.stepping import Stepping
from tombola.fitting.trained import Trained
from tombola.fitting.watch import Totals, Watch
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks, came_back
from tombola.models.network import Network
from tombola.objectives._base import Progress
from tombola.spec import Json

T = TypeVar("T")


@dataclass
class Position:
    """How far a training is, in plain numbers."""

    step: int = 0
    history: list[dict[str, Json]] = field(default_factory=list)


class Training:
    """A network being trained along a course. `run` changes the network it is given; `network` is what it became."""

    def __init__(
        self,
        network: Network,
        masks: Masks | None,
        course: Course,
        making: Making,
        changes: Sequence[Change] = (),
        checkpoints: Checkpoints | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self.course = course
        self.making = making
        self.ranks = ranks
        self.position = Position(step=course.first)
        self.watch = Watch(ranks=ranks)
        self.saving = Saving(checkpoints, course, ranks)
        given = Given(network, masks, course.task, course.seed, tuple(changes))
        self.changes = [change.begin(given) for change in changes]
        self.note: Callable[[str], None] = lambda _: None
        self._bar: Bar | None = None
        self._make(network, masks)

    def _make(self, network: Network, masks: Masks | None) -> None:
        """All that hangs on the network."""
        self.network = network
        self.running = self.making.begin(network)
        trained = [*self.making.trained(network), *self.running.parameters()]
        optimizer = self.making.optimizing(network, trained)
        self.trained = Trained(network, optimizer, self.changes, self.course.device)
        self.stepping = Stepping(self.course, network, self.running, self.trained, self.ranks)
        self._mask(masks)

    def _mask(self, masks: Masks | None) -> None:
        self.masks = masks
        self.stepping.enforcers = self.making.enforcers(self.network, masks)

    def run(self, session: Session) -> None:
        """Train to the end, from the newest checkpoint if there is one."""
        reporter = session.reporter if self.ranks.first else Silent()
        self.note = reporter.note
        self._resume()
        title = "/".join(session.path) or "fit"
        self.stepping.set_modes()
        # Layers such as dropout draw from torch's own generator: it is borrowed here and given back as it was.
        borrowed = torch.random.fork_rng([self.course.device] if self.course.device.type == "cuda" else [])
        try:
            with (
                borrowed,
                plain_float32(),
                self.course.feed,
                reporter.task(title, self.course.steps, self.position.step) as self._bar,
            ):
                self._bar.about(self.course.about)
                self._all_steps()
        except Diverged as error:
            advice = "Write a lower optimizer.lr, a longer warmup (1ep), clip=1.0 or precision=float32"
            raise Diverged(f"{error} of {self.course.steps}. {self.saving.remedy()}{advice}") from None

    def _all_steps(self) -> None:
        self.running.before_first(self)
        while self.position.step < self.course.steps:
            for change in self.changes:
                if (edit := change.at(self._given, self.at)) is not None:
                    self._put_in(edit)
            found, shares = self.stepping.step(self.position.step, self._with_gradients)
            for change in self.changes:
                change.after_step(self.position.step)
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

    # Changes ------------------------------------------------------------------------------------------------------

    @property
    def _given(self) -> Given:
        return Given(self.network, self.masks, self.course.task, self.course.seed)

    def _with_gradients(self) -> None:
        for change in self.changes:
            if (edit := change.after_backward(self._given, self.at)) is not None:
                assert edit.network is self.network
                self._put_in(edit)

    def _put_in(self, edit: Edit) -> None:
        """Go on with what a change asks for."""
        if edit.network is self.network:
            if edit.masks is not None:
                apply_masks(self.network.body, edit.masks)
            self.trained.begin_anew(came_back(self.masks, edit.masks), edit.revived)
            self._mask(edit.masks)
            self.trained.forget()
        else:
            before, names = self.trained.optimizer, state.names_of(self.network)
            self._make(self.making.placed(edit.network, edit.masks), edit.masks)
            state.carry_optimizer(before, names, self.trained.optimizer, self.network, edit.kept)
            self.stepping.set_modes()
            self.running.before_first(self)
        for change in self.changes:
            change.edited(edit)

    def _make_as(self, tensors: Mapping[str, Tensor]) -> None:
        """The network and masks of a checkpoint, where a change made them others; the values come later."""
        stored, masks = state.under(tensors, "model"), state.under(tensors, "masks")
        if not state.alike(self.network, stored):
            network = self.network
            for change in self.changes:
                network = change.resumed(network, stored)
            if not state.alike(network, stored):
                raise StageError("the checkpoint's network has other shapes, and no change of the fit makes it again")
            self._make(self.making.placed(network, None), self.masks)
        self._mask(Masks({name: mask.bool() for name, mask in masks.items()}) if masks else None)
        for change in self.changes:
            change.edited(Edit(self.network, self.masks))

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
        loss, score = totals.loss / steps, totals.score / steps
        self.position.history.append({"step": self.position.step, "loss": loss, "score": score})
        rate = self.course.lr(self.position.step - 1)
        self._tell({"epoch/loss": loss, "epoch/score": score, "learning_rate": rate})

    def _validate(self) -> None:
        validate, step = self.course.validate, self.position.step
        assert validate is not None
        self.settle()
        score = self.ranks.by_first(lambda: self.trained.judge(validate))
        if not math.isfinite(score):
            raise Diverged(f"the network answers validation images with NaN at step {step}")
        self.position.history.append({"step": step, "validation": score})
        self._tell({"validation": score})
        self.trained.take(score)

    def _tell(self, numbers: Mapping[str, float]) -> None:
        assert self._bar is not None
        self._bar.found(numbers)

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
        for enforcer in self.stepping.enforcers:  # what was held may be of fewer zeros
            enforcer.enforce()
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
        if self.changes and self.masks is not None:
            tensors |= state.filed(dict(self.masks), "masks")
        return Checkpoint(self.position.step, tensors, facts)

    def _resume(self) -> None:
        found = self.saving.latest()
        if found is None:
            return
        if self.changes:
            self._make_as(found.tensors)
        self.trained.put_in(found.tensors)
        if carried := state.under(found.tensors, "carried"):
            self.running.restore(carried)
        facts: dict[str, Any] = dict(found.facts)
        self.position = Position(**facts["position"])
        self.watch = Watch(totals=Totals(**facts["totals"]), ranks=self.ranks)
        if self.course.first < self.position.step < self.course.steps:
            self.note(f"continues at step {self.position.step} of {self.course.steps}")
