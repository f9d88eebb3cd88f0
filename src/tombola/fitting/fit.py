"""`Fit`: how a network is trained, as options with an identity. The task and the data stand beside it."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, Self, TypeAlias

import torch
from pydantic import field_validator, model_validator
from torch import nn

from tombola.errors import ModelError, OptionError
from tombola.fitting.changes._base import Change
from tombola.fitting.changes.average import Average
from tombola.fitting.checkpoints import Checkpoints
from tombola.fitting.course import Course
from tombola.fitting.devices import Precision, device_of, resolved
from tombola.fitting.feed import Feed
from tombola.fitting.loop import Training
from tombola.fitting.making import Making
from tombola.fitting.optimizers._base import Optimizer
from tombola.fitting.part import WHOLE, Part
from tombola.fitting.presets import expanded
from tombola.fitting.ranks import Ranks, ranks_for
from tombola.fitting.schedules._base import Schedule
from tombola.fitting.session import Session
from tombola.fitting.validate import headline
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.image_size import image_size
from tombola.models.network import Network
from tombola.objectives._base import Objective
from tombola.spec import Json, Spec, key, option
from tombola.tasks._base import Task
from tombola.units import Steps

Parameters: TypeAlias = Literal["all", "head"]

_DEFAULTS: Final[Mapping[str, object]] = {
    "objective": {"name": "natural"},
    "optimizer": {"name": "sgd", "lr": 0.1, "weight_decay": 5e-4},
    "schedule": {"name": "cosine"},
}


class Fit(Spec):
    """How a network is trained.

    ``preset`` names a recipe whose options are filled in beneath those given; what is kept, and what the identity
    is made of, are the expanded options.

    >>> Fit(preset="dac", epochs="3ep").batch
    64
    """

    preset: str | None = option(None, "a recipe to start from, such as dac, salman or double-win", identity=False)
    objective: Objective = option("natural", "the loss of a batch: natural, adversarial, ...", validate_default=True)
    epochs: Steps = option("20ep", "how long, as '20ep' or '500it'", validate_default=True)
    batch: int = option(128, "images a step", ge=1)
    drop_last: bool = option(default=False, help="leave out an epoch's last batch when it is smaller")
    optimizer: Optimizer = option("sgd", "how weights are changed: sgd, adamw, ...", validate_default=True)
    schedule: Schedule = option("cosine", "the learning rate over time: cosine, milestones, ...", validate_default=True)
    head_lr: float | None = option(
        None,
        "the base learning rate of the head, where that is another than the body's, optimizer.lr",
        absent=None,
        gt=0,
    )
    warmup: Steps = option("0it", "a linear rise of the learning rate from 0, over this long", validate_default=True)
    clip: float | None = option(
        None, "the largest norm the gradient of all that is trained may have, pruned weights aside; empty: any", gt=0
    )
    ema: float | None = option(None, "decay of an average of the weights, which is then kept; empty: none", gt=0, lt=1)
    bn: Literal["train", "frozen"] = option("train", "batch norm: its statistics follow the batches, or stay")
    precision: Precision = option(
        "float32", "float32; bfloat16; auto: bfloat16 where this machine multiplies it, decided before there is a key"
    )
    select: Literal["last", "best_val"] = option("last", "which weights are kept, judged on the validation split only")
    validate_every: Steps = option("1ep", "how often to validate when selecting", validate_default=True)
    shards: int = option(
        1,
        "parts of a batch, a power of two: each has its own batch statistics, and as many processes can share them",
        absent=1,
        ge=1,
    )
    changes: tuple[Change, ...] = option(
        (), "what may happen to masks and shapes on the way: prune, regrow, average", absent=()
    )
    compile: bool = option(default=False, help="compile the network with torch.compile first", identity=False)
    checkpoint_every: Steps | None = option(
        None, "how often to keep a checkpoint; empty: each epoch and every 20 s", identity=False
    )

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, values: Any) -> Any:
        if isinstance(values, str):
            values = {"preset": values}
        return expanded(values, _DEFAULTS) if isinstance(values, Mapping) else values

    @field_validator("precision")
    @classmethod
    def _decided(cls, value: Precision) -> Precision:
        """Two machines that take ``auto`` differently never share a key: what is kept is what it is here."""
        return resolved(value)

    @field_validator("changes", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return (value,) if isinstance(value, str | Mapping) else value

    @model_validator(mode="after")
    def _one_average(self) -> Self:
        if self.ema is not None and any(isinstance(change, Average) for change in self.changes):
            raise ValueError(
                f"ema={self.ema:g} and changes both ask for an average of the weights, and one is kept; leave one of"
                " them out"
            )
        return self

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> Self:
        names = [change.name for change in self.changes]
        if twice := [name for place, name in enumerate(names) if name in names[:place]]:
            raise ValueError(f"changes names {twice[0]} twice, and each would undo what the other does; write one")
        return self

    @model_validator(mode="after")
    def _one_hand_on_the_masks(self) -> Self:
        names = [change.name for change in self.changes if change.OF_MASKS]
        alone = [change.name for change in self.changes if change.OF_ALL_MASKS]
        if alone and len(names) > 1:
            raise ValueError(f"changes names {' and '.join(names)}, and each would undo the other's masks; write one")
        return self

    @model_validator(mode="after")
    def _even_shards(self) -> Self:
        if self.shards & (self.shards - 1):
            raise ValueError(f"shards={self.shards} is no power of two; write 1, 2, 4, 8, ...")
        if self.batch % self.shards:
            near = max(1, self.batch // self.shards) * self.shards
            raise ValueError(
                f"batch={self.batch} cannot be cut into shards={self.shards} equal parts; try batch={near}"
            )
        return self

    def run(
        self,
        model: Network,
        task: Task,
        *,
        masks: Masks | None = None,
        seed: int,
        session: Session,
        parameters: Parameters = "all",
        part: Part = WHOLE,
    ) -> Network:
        """A new network trained on the task's training split, in eval mode on the CPU; ``model`` is not changed.

        ``model`` has the task's head already. Masked weights of its body stay exactly 0. With a session folder the
        training leaves checkpoints there, and continues from them bit for bit when it is run again. ``part`` trains
        less than the whole schedule.

        With ``shards`` above 1, every process of torch.distributed's process group must call this alike; they train
        together, the first one keeps checkpoints and reports, and each gets the same network.
        """
        self.objective.check(task)
        ranks = ranks_for(self.shards)
        making = Making(
            begin=lambda network: self.objective.begin(network, task, seed=seed),
            optimizer=self.optimizer.build,
            head_alone=parameters == "head",
            head_share=1.0 if self.head_lr is None else self.head_lr / self.optimizer.lr,
            device=device_of(session.device),
        )
        network = making.placed(model.copy(), masks)
        told = session.folder is not None or ranks.size > 1
        work = self._work(model, task, masks, seed, parameters, part) if told else ""
        ranks.require_same("what they are to train: model, masks, options, task or seed", work)
        training = Training(
            network,
            masks,
            self._course(task, seed, making.device, part, ranks),
            making,
            self.all_changes,
            self._checkpoints(work, session, ranks),
            ranks,
        )
        try:
            training.run(session)
        except AssertionError:
            _require_seen(model, task)
            raise
        return _finished(training, dict(model.named_parameters()), masks)

    @property
    def all_changes(self) -> tuple[Change, ...]:
        """The changes listed, and the average that ``ema`` asks for."""
        return self.changes if self.ema is None else (*self.changes, Average(decay=self.ema))

    def identity_under_masks(self) -> dict[str, Json]:
        """The identity of this training where weights are masked.

        With ``clip`` it is a second version of the work: gradients of pruned weights once counted for the norm, and
        made steps of a sparse network shorter than was asked. Without masks or without clip nothing changed.
        """
        return self.identity() if self.clip is None else {"version": 2, **self.identity()}

    def untaught(self) -> Self | None:
        """How the dense network is trained that this training learns from; None where it asks for none."""
        plain = self.objective.untaught()
        if plain is None:
            return None
        return self.replace(objective=plain, changes=tuple(one for one in self.changes if not one.OF_MASKS))

    def taught(self, by: Network) -> Self:
        """The same training, learning from this dense network where it asks for one."""
        return self.replace(objective=self.objective.taught(by))

    def learning_rate(self, step: int, total: int, per_epoch: int) -> float:
        """The learning rate at ``step`` (from 0), warm-up included."""
        warm = self.warmup.iterations(per_epoch)
        rise = min(1.0, (step + 1) / warm) if warm else 1.0
        return self.optimizer.lr * rise * self.schedule.factor(step, total, per_epoch)

    def _course(self, task: Task, seed: int, device: torch.device, part: Part, ranks: Ranks) -> Course:
        feed = Feed(
            task.splits().train,
            self.batch,
            seed=seed,
            device=device,
            drop_last=self.drop_last,
            shards=self.shards,
            mine=ranks.dealt(self.shards),
        )
        first, last, total = part.steps(self.epochs.iterations(feed.per_epoch), feed.per_epoch)
        bfloat16 = self.precision == "bfloat16"
        return Course(
            task=task,
            feed=feed,
            first=first,
            steps=last,
            lr=lambda step: self.learning_rate(step, total, feed.per_epoch),
            seed=seed,
            device=device,
            bfloat16=bfloat16,
            clip=self.clip,
            frozen_bn=self.bn == "frozen",
            compiled=self.compile,
            shards=self.shards,
            validate=self._validation(task, device, bfloat16),
            validate_every=self.validate_every.iterations(feed.per_epoch),
            save_every=self.checkpoint_every.iterations(feed.per_epoch) if self.checkpoint_every else 0,
            about={**self.identity(), "task": task.name, "seed": seed},
        )

    def _validation(self, task: Task, device: torch.device, bfloat16: bool) -> Callable[[nn.Module], float] | None:
        if self.select == "last":
            return None
        examples = task.splits().val
        if why := task.unjudged(examples):
            raise OptionError(
                "fit", [f"select='best_val' needs validation samples to judge by, and {why}; write select=last"]
            )
        return lambda network: headline(network, examples, task, device=device, bfloat16=bfloat16)

    def _checkpoints(self, work: str, session: Session, ranks: Ranks) -> Checkpoints | None:
        if session.folder is None or not ranks.first:
            return None
        return Checkpoints(session.folder, work, session.reporter.note)

    def _work(
        self, model: Network, task: Task, masks: Masks | None, seed: int, parameters: Parameters, part: Part
    ) -> str:
        """A digest of all that decides the outcome."""
        inputs = [weights_digest(model), "" if masks is None else masks.digest()]
        identity: dict[str, Json] = {
            "fit": self.identity() if masks is None else self.identity_under_masks(),
            "task": task.identity(),
            "seed": seed,
            "parameters": parameters,
        }
        if part != WHOLE:
            identity["part"] = part.identity()
        if still := [name for name, parameter in model.named_parameters() if not parameter.requires_grad]:
            identity["frozen"] = [*still]  # of equal weights, but not trained alike
        return key("fit", self.VERSION, identity, inputs)


def _require_seen(network: Network, task: Task) -> None:
    """Raise `ModelError` where the net's own code asserts that a sample is none of its, as transformers of one size."""
    if task.side is None:
        return
    sample = task.example()
    try:
        with torch.no_grad():
            network(sample.x, **sample.more)
    except AssertionError as error:
        made, size = image_size(network)[1], "x".join(map(str, sample.x.shape[1:]))
        said = str(error).partition("\n")[0]
        raise ModelError(
            f"{network.source} cannot be shown samples of {size}: {said}; write --set task.size={made}, or another net"
        ) from None


def _require_same(network: Network, ranks: Ranks) -> None:
    """Raise `StageError` unless every process has these weights, and these scores where masks were learned."""
    if ranks.size > 1:
        ranks.require_same("the weights or masks they ended with", weights_digest(network))


def _finished(training: Training, given: Mapping[str, nn.Parameter], masks: Masks | None) -> Network:
    """The network as it is given back, with gradients wanted where the one that was given wants them.

    It says which masks are in force where those are others than it was trained from.
    """
    network = training.network
    network.load_state_dict(training.trained.result())
    _require_same(network, training.ranks)
    for name, parameter in network.named_parameters():
        parameter.grad = None
        parameter.requires_grad_(name not in given or given[name].requires_grad)
    network.to(device="cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # torch's stub lacks it
    if training.masks is not None:
        apply_masks(network.body, training.masks)
    for change in training.changes:
        network = change.finish(network)
    network.masks = None if training.masks == masks else training.masks
    return network.eval()
