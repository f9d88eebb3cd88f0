"""`Experiment`: one cell of a study, as values on axes."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import field_validator, model_validator

from tombola.exporters._base import Exporter
from tombola.fitting.fit import Fit
from tombola.models.source import Source
from tombola.properties._base import Property
from tombola.schemes._base import Scheme
from tombola.spec import Spec, option
from tombola.study.timing import Timing
from tombola.tasks._base import Task
from tombola.transfers._base import Transfer


class Experiment(Spec):
    """Pretrain a model on a source task, draw a ticket, transfer it to a target task, measure it there, ship it."""

    model: Source = option(help="the network: resnet8, torchvision:resnet18@IMAGENET1K_V1, ...")
    source: Task | None = option(None, "the task it is pretrained on")
    pretrain: Fit | None = option(None, "how it is pretrained; empty: it is taken with the weights it comes with")
    draw: Scheme = option("omp", "the scheme that draws the ticket", validate_default=True)
    draw_on: Literal["source", "target"] = option("source", "the task a scheme draws on that looks at one")
    target: Task = option(help="the task the ticket is transferred to, and measured on")
    transfer: Transfer = option("finetune", "what may change while it is adapted", validate_default=True)
    measure: tuple[Property, ...] = option(("accuracy",), "what is measured", validate_default=True, min_length=1)
    export: tuple[Exporter, ...] = option((), "the files it ends in: native, onnx, shrink, state_dict")
    bench: Timing | None = option(None, "the engines that the finished network is timed in, on this machine")
    seed: int = option(0, "of everything random", ge=0)
    pretrain_seed: int | None = option(None, "of pretraining; empty: the same as seed", ge=0)

    @property
    def prior(self) -> Source:
        """The model, with ``eps=best`` replaced by the best eps for the target's data set and the transfer."""
        data = getattr(self.target, "data", None)  # a task of another kind than classification may have none
        return self.model.chosen(self.target.name if data is None else data.name, self.transfer.name)

    @property
    def draw_task(self) -> Task | None:
        """The task the scheme draws on, None for schemes that look at none."""
        if not _needs_task(self.draw):
            return None
        return self.source if self.draw_on == "source" else self.target

    @field_validator("measure", "export", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return (value,) if isinstance(value, str | Mapping) else value

    @field_validator("model", "source", "target")
    @classmethod
    def _has_identity(cls, value: Spec | None) -> Spec | None:
        """A file or folder that the identity depends on is missed now, not after hours of training."""
        if value is not None:
            value.identity()
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.pretrain is not None and self.source is None:
            raise ValueError("pretrain needs a task to train on; write source: glyphs, or another task")
        if self.pretrain is not None and self.pretrain.untaught() is not None:
            raise ValueError("pretrain: teacher=dense is what a transfer adapts; write teacher: path:FILE, or a ticket")
        if _needs_task(self.draw) and self.draw_task is None:
            raise ValueError(f"scheme {self.draw.name} looks at a task; write source: TASK, or draw_on: target")
        for name, items in (("measure", self.measure), ("export", self.export)):
            if len(set(map(repr, items))) < len(items):
                raise ValueError(
                    f"{name} names one {items[0].family.singular} twice with the same options; write it once"
                )
        _ = self.prior  # a task that the table of best eps lacks is missed now
        self.transfer.check(self.target)
        for item in self.measure:
            item.check(self.target)
        return self


def _needs_task(scheme: Scheme) -> bool:
    return any(rung.needs_task for rung in scheme.chain())
