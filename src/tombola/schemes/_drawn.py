"""What every scheme does alike: which weights there are, how they lie, and a ticket that knows where it came from."""

import warnings
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from tombola.batch import blank
from tombola.errors import RequestError
from tombola.machine import instructions, processor
from tombola.masks.budgets._base import Budget
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.layers import layers_of, with_positions
from tombola.models.network import Network, origin_of
from tombola.models.prunable import PrunableRule, Weights, candidates, prunable
from tombola.schemes._base import Scheme
from tombola.tasks._base import Task
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket

_LITTLE: Final = 0.05
"""A part of the weights that could be pruned, below which a ticket's sparsity says little of the model."""


def weights_and_layers(
    model: Network, rule: PrunableRule, budget: Budget, image: int | None, task: Task | None = None
) -> tuple[Weights, dict[str, Layer]]:
    """The weights a rule lets be pruned and their layers, with positions where the budget needs them.

    Those are for images of ``image`` pixels a side, or for the task's example where that is left out.
    """
    weights = prunable(model.body, rule)
    if not budget.needs_positions:
        return weights, layers_of(model.body, weights)
    if image is not None:
        return weights, with_positions(model, weights, blank(image))
    if task is None:
        raise RequestError(
            f"budget {budget.name} counts operations, which depend on the image size; write image=224 beside it"
        )
    return weights, with_positions(model, weights, task.example())


def mask_only(
    model: Network,
    masks: Masks,
    scheme: Scheme,
    *,
    sparsity: float | None,
    rule: PrunableRule,
    task: Task | None = None,
    objective: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Ticket:
    """The mask-only ticket of a model; a rule that leaves nearly all of it dense is said."""
    _say_how_little(model, masks, rule)
    lineage = Lineage(
        origin=origin_of(model),
        adapted=model.adapted,
        weights_digest=weights_digest(model.body),
        scheme=scheme.identity(),
        sparsity=sparsity,
        prunable=str(rule),
        task=None if task is None else task.identity(),
        objective=None if objective is None else dict(objective),
        versions=versions(),
        extra=dict(extra or {}),
    )
    return Ticket.of(model.body, masks, lineage, keep_values=False)


def versions() -> dict[str, str]:
    """What a lineage names as having made a ticket: Tombola's and torch's versions, and what decides last bits."""
    found = {name: version(name) for name in ("tombola", "torch")}
    return {**found, "processor": processor(), "instructions": instructions()}


def _say_how_little(model: Network, masks: Masks, rule: PrunableRule) -> None:
    could = candidates(model.body)
    total = sum(weight.numel() for weight in could.values())
    if masks.total < _LITTLE * total:
        warnings.warn(
            f"prunable={rule} lets {len(masks)} of {len(could)} tensors be pruned, {masks.total / total:.1%} of all"
            " weights: the sparsity is of those alone; write prunable=open_lth for linear layers too",
            stacklevel=4,
        )
