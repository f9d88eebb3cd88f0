"""What a plan would cost, estimated from counts: nothing is downloaded, loaded on a device, trained or measured.

A stage costs so many forward passes of one image (members say how many: `Objective.passes`, `Scheme.passes`,
`Transfer.passes`, `Property.passes`) times the multiply-adds of one, two operations each. Zeros of a mask save nothing,
as they do not in a training. What cannot be known is said with its reason, and never guessed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, final

from tombola.data._base import Dataset
from tombola.data._counts import Counts, counts_of
from tombola.errors import TombolaError
from tombola.fitting.cost import fit_passes
from tombola.models.source import Source
from tombola.spec import Spec
from tombola.study.macs import forward_macs
from tombola.study.plan import Plan
from tombola.study.stages import (
    STAGES,
    DenseStage,
    DrawStage,
    InspectStage,
    MeasureStage,
    PretrainStage,
    Stage,
    TransferStage,
)
from tombola.tasks._base import Task

_SECONDS: Final = 3600.0


@dataclass(frozen=True)
class Cost:
    """Floating-point operations and the forward passes of one image they are of; or why they are unknown."""

    flops: float = 0.0
    passes: float = 0.0
    unknown: str = ""


@dataclass(frozen=True)
class Bill:
    """Of some stages: operations, passes, and the reasons for what is unknown with how many stages each holds for."""

    flops: float = 0.0
    passes: float = 0.0
    unknown: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, costs: Iterable[Cost]) -> "Bill":
        """The sum."""
        found = list(costs)
        reasons = Counter(cost.unknown for cost in found if cost.unknown)
        return cls(sum(cost.flops for cost in found), sum(cost.passes for cost in found), dict(reasons))

    def hours(self, tflops: float) -> float:
        """On one GPU that sustains so many TFLOP/s."""
        return self.flops / (tflops * 1e12) / _SECONDS


@dataclass(frozen=True)
class Estimate:
    """By kind of stage and in all, for every stage of a plan and for those that must run; and what sharing saves."""

    kinds: Mapping[str, Bill]
    to_run: Mapping[str, Bill]
    total: Bill
    missing: Bill
    saved: Bill


def estimate(plan: Plan, has: Callable[[str], bool]) -> Estimate:
    """What a plan costs, given what a store has; a stage that several cells share costs once."""
    meter = _Meter()
    costs = {key: meter.cost(stage) for key, stage in plan.stages.items()}
    left = plan.missing(has)

    def kind(name: str, keys: Iterable[str]) -> Bill:
        return Bill.of(costs[key] for key in keys if name == plan.stages[key].STAGE)

    alone = [costs[key] for planned in plan.cells for key in planned.stages]
    total, cells = Bill.of(costs.values()), Bill.of(alone)
    return Estimate(
        {name: kind(name, costs) for name in STAGES},
        {name: kind(name, left) for name in STAGES},
        total,
        Bill.of(costs[key] for key in left),
        Bill(cells.flops - total.flops, cells.passes - total.passes),
    )


@final
class _Meter:
    """Reads the counts of each task once."""

    def __init__(self) -> None:
        self._counts: dict[str, Counts | TombolaError] = {}

    def cost(self, stage: Stage) -> Cost:
        """A stage's."""
        try:
            return self._cost(stage)
        except TombolaError as error:
            return Cost(unknown=str(error).splitlines()[0])

    def _cost(self, stage: Stage) -> Cost:
        if isinstance(stage, PretrainStage):
            return self._pretrain(stage)
        if isinstance(stage, DrawStage):
            counts = None if stage.task is None else self._of(stage.task)
            return self._times(stage.scheme, stage.scheme.passes(counts), stage.prior.model, stage.task)
        if isinstance(stage, TransferStage):
            passes = stage.transfer.passes(self._of(stage.task))
            return self._times(stage.transfer, passes, stage.prior.model, stage.task)
        if isinstance(stage, InspectStage):
            return Cost()
        if isinstance(stage, MeasureStage | DenseStage):
            prior = stage.finished.prior if isinstance(stage, MeasureStage) else stage.prior
            return self._times(stage.measured, stage.measured.passes(self._of(stage.task)), prior.model, stage.task)
        return Cost(unknown=f"nothing is known of stages such as {stage.title}")

    def _pretrain(self, stage: PretrainStage) -> Cost:
        if stage.fit is None or stage.task is None:
            return Cost()
        return self._times(stage.fit.objective, fit_passes(stage.fit, self._of(stage.task)), stage.model, stage.task)

    def _times(self, who: Spec, passes: float | None, model: Source, task: Task | None) -> Cost:
        if passes is None:
            return Cost(unknown=f"{getattr(who, 'name', type(who).__name__)} does not say what it costs")
        if passes == 0:
            return Cost()
        if task is None:
            return Cost(unknown=f"{getattr(who, 'name', type(who).__name__)} says no image size")
        counts = self._of(task)
        decoder, stride = getattr(task, "decoder", None), getattr(task, "output_stride", None)
        macs = forward_macs(
            model.bare, counts.pixels, counts.classes, width=model.width, decoder=decoder, stride=stride
        )
        return Cost(2 * macs * passes, passes)

    def _of(self, task: Task) -> Counts:
        key = task.digest()
        if key not in self._counts:
            self._counts[key] = _counts(task)
        found = self._counts[key]
        if isinstance(found, TombolaError):
            raise found
        return found


def _counts(task: Task) -> Counts | TombolaError:
    """Those of the task's data, less what a share of the labels leaves out."""
    try:
        data = getattr(task, "data", None)
        if isinstance(data, Dataset):
            return counts_of(data).part(float(getattr(task, "fraction", 1.0)))
        splits = task.splits()
        return Counts(len(splits.train), len(splits.val), len(splits.test), len(splits.classes), splits.train.size)
    except TombolaError as error:
        return error
