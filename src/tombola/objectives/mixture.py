"""A mixture: the weighted sum of other objectives' losses, all on the same batch.

What: sum over the parts of weight * loss, each part with the model as it is and with draws of its own from the step's
    generator, in the order written. Weights are used as written, they need not add up to 1. The running score is the
    first part's. A part's guard (``fast``) goes on guarding, and is repaired inside the mixture.
When: Half natural, half adversarial training, a little noise beside an attack, two attacks at once.
Cost: That of the parts together.
Options: parts: ``{natural: 0.5, adversarial: 0.5}``, or a list of ``{objective: ..., weight: ...}`` where parts have
    options of their own. ``free`` cannot be one: it decides what a batch is.
Reference: half natural and half adversarial: Goodfellow et al., ICLR 2015, arXiv 1412.6572, section 6.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Self, final

import torch
from pydantic import field_validator, model_validator
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.batch import Batch
from tombola.models.network import Network
from tombola.objectives._base import Found, Objective, Progress, Running, Standing
from tombola.registry import Examples
from tombola.spec import Spec, option
from tombola.tasks._base import Task


class Weighted(Spec):
    """One part of a mixture."""

    objective: Objective = option(help="the part's objective: a name, or a mapping with a name and options")
    weight: float = option(help="what its loss is multiplied by", gt=0, allow_inf_nan=False)


class Mixture(Objective):
    """The weighted sum of other objectives' losses."""

    EXAMPLES: ClassVar[Examples] = (
        {},
        {"parts": {"natural": 1.0, "trades": 1.0}},
        {"parts": {"noise": 1, "trades": 0.5, "fast": 2}},
    )

    parts: tuple[Weighted, ...] = option(
        {"natural": 0.5, "adversarial": 0.5},
        "names and their weights, or a list of objectives and their weights",
        validate_default=True,
        min_length=1,
    )

    @field_validator("parts", mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        """``{natural: 0.5}`` is the list ``[{objective: natural, weight: 0.5}]``."""
        if not isinstance(value, Mapping):
            return value
        return [{"objective": name, "weight": weight} for name, weight in value.items()]

    @model_validator(mode="after")
    def _one_step_each(self) -> Self:
        for part in self.parts:
            if part.objective.OWN_BATCH:
                raise ValueError(f"{part.objective.name!r} decides what a batch is and cannot be part of a mixture")
        return self

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        parts = [part.objective.loss(model, batch, criterion, at=at, generator=generator) for part in self.parts]
        return self.summed(parts)

    def summed(self, parts: Sequence[Found]) -> Found:
        """The weighted sum of the parts' losses, and the first part's outputs."""
        losses = [part.weight * found.loss for part, found in zip(self.parts, parts, strict=True)]
        return Found(torch.stack(losses).sum(), parts[0].outputs)

    def check(self, task: Task) -> None:
        for part in self.parts:
            part.objective.check(task)

    @property
    def spent(self) -> bool:
        return self.parts[0].objective.spent

    def untaught(self) -> Objective | None:
        plain = [part.objective.untaught() for part in self.parts]
        if not any(plain):
            return None
        return self._of([one or part.objective for one, part in zip(plain, self.parts, strict=True)])

    def taught(self, by: Network) -> Self:
        return self._of([part.objective.taught(by) for part in self.parts])

    def _of(self, objectives: Sequence[Objective]) -> Self:
        """The same weights on other objectives."""
        parts = zip(objectives, self.parts, strict=True)
        return self.replace(parts=tuple(part.replace(objective=objective) for objective, part in parts))

    def begin(self, network: nn.Module, task: Task, *, seed: int) -> Running:
        return Mixed(self, [part.objective.begin(network, task, seed=seed) for part in self.parts])

    def passes(self, classes: int, *, body: bool = True) -> float | None:
        total = 0.0
        for part in self.parts:
            if (found := part.objective.passes(classes, body=body)) is None:
                return None
            total += found
        return total


@final
class Mixed(Running):
    """Every part at work on the same batches, each carrying its own."""

    def __init__(self, mixture: Mixture, parts: Sequence[Running]) -> None:
        super().__init__(mixture)
        self._mixture: Final = mixture
        self.parts: Final = tuple(parts)

    @property
    def parted(self) -> bool:
        return any(part.parted for part in self.parts)

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        return self._mixture.summed(
            [part.loss(model, batch, criterion, at=at, generator=generator) for part in self.parts]
        )

    def parameters(self) -> list[nn.Parameter]:
        return [parameter for part in self.parts for parameter in part.parameters()]

    def after_backward(self) -> None:
        for part in self.parts:
            part.after_backward()

    def before_first(self, training: Standing) -> None:
        for part in self.parts:
            part.before_first(training)

    def after_step(self, training: Standing) -> None:
        for part in self.parts:
            part.after_step(training)

    def tensors(self) -> dict[str, Tensor]:
        return {f"{place}/{name}": t for place, part in enumerate(self.parts) for name, t in part.tensors().items()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        for place, part in enumerate(self.parts):
            start = f"{place}/"
            own = {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
            if own:
                part.restore(own)
