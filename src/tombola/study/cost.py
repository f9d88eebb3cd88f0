"""What a plan would cost, estimated from counts: nothing is downloaded, loaded on a device, trained or measured.

A stage costs so many forward passes of one image (members say how many: `Objective.passes`, `Scheme.passes`,
`Transfer.passes`, `Property.passes`) times the multiply-adds of one, two operations each. Zeros of a mask save nothing,
as they do not in a training. What cannot be known is said with its reason, and never guessed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tombola.errors import TombolaError
from tombola.study.meter import Cost, Meter
from tombola.study.plan import Plan
from tombola.study.stage import Stage

_SECONDS: Final = 3600.0


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
    meter = Meter()
    costs = {key: _cost(stage, meter) for key, stage in plan.stages.items()}
    left = plan.missing(has)

    def kind(name: str, keys: Iterable[str]) -> Bill:
        return Bill.of(costs[key] for key in keys if name == plan.stages[key].STAGE)

    alone = [costs[key] for planned in plan.cells for key in planned.stages]
    total, cells = Bill.of(costs.values()), Bill.of(alone)
    return Estimate(
        {name: kind(name, costs) for name in plan.kinds},
        {name: kind(name, left) for name in plan.kinds},
        total,
        Bill.of(costs[key] for key in left),
        Bill(cells.flops - total.flops, cells.passes - total.passes),
    )


def _cost(stage: Stage, meter: Meter) -> Cost:
    try:
        return stage.cost(meter)
    except TombolaError as error:
        return Cost(unknown=str(error).splitlines()[0])
