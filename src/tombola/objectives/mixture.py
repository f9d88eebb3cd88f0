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

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, final

import torch
from pydantic import field_validator, model_validator
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.objectives._base import Finding, Guard, Objective
from tombola.registry import Examples
from tombola.spec import Spec, option
from tombola.units import Steps


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
            if part.objective.replay() is not None:
                raise ValueError(f"{part.objective.name!r} decides what a batch is and cannot be part of a mixture")
        return self

    def loss(
        self, model: nn.Module, x: Tensor, targets: Tensor, criterion: Criterion, *, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        found = [part.objective.loss(model, x, targets, criterion, generator=generator) for part in self.parts]
        losses = [part.weight * loss for part, (loss, _) in zip(self.parts, found, strict=True)]
        return torch.stack(losses).sum(), found[0][1]

    def passes(self, classes: int, *, body: bool = True) -> float | None:
        total = 0.0
        for part in self.parts:
            if (found := part.objective.passes(classes, body=body)) is None:
                return None
            total += found
        return total

    def guard(self) -> Guard | None:
        """The first guard among the parts."""
        for place, part in enumerate(self.parts):
            guard = part.objective.guard()
            if guard is not None:
                return _Inside(self, place, guard)
        return None


@final
class _Inside(Guard):
    """The guard of a mixture's part."""

    def __init__(self, mixture: Mixture, place: int, guard: Guard) -> None:
        self.mixture = mixture
        self.place = place
        self.guard = guard
        self.every: Steps = guard.every
        self.remedy: str = guard.remedy

    def look(
        self,
        model: nn.Module,
        x: Tensor,
        targets: Tensor,
        criterion: Criterion,
        scores: Callable[[Tensor, Tensor], Tensor],
        *,
        generator: torch.Generator,
    ) -> Finding:
        return self.guard.look(model, x, targets, criterion, scores, generator=generator)

    def repaired(self) -> tuple[Mixture, str] | None:
        found = self.guard.repaired()
        if found is None:
            return None
        parts = list(self.mixture.parts)
        parts[self.place] = parts[self.place].replace(objective=found[0])
        return self.mixture.replace(parts=parts), found[1]
