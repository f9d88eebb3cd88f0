"""One draw by magnitude: weights in, masks out."""

from collections.abc import Mapping

import torch
from torch import Tensor

from tombola.errors import MaskError, RequestError
from tombola.masks.budgets._base import Budget
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern


@torch.no_grad()
def draw_masks(weights: Mapping[str, Tensor], sparsity: float, *, pattern: Pattern, budget: Budget) -> Masks:
    """The masks that prune the groups of smallest magnitude, exactly as many as the budget says. Changes no weight.

    ``sparsity`` is relative to the weights given. Weights that are zero already are the smallest of all, so drawing
    again from masked weights at a higher sparsity prunes what was pruned before, and more.

    >>> from tombola.masks.budgets.global_ import Global
    >>> from tombola.masks.patterns.element import Element
    >>> masks = draw_masks({"w": torch.tensor([3.0, -1.0, 2.0, 0.5])}, 0.5, pattern=Element(), budget=Global())
    >>> masks["w"]
    tensor([ True, False,  True, False])
    """
    if not 0 <= sparsity < 1:
        raise RequestError(
            f"sparsity={sparsity:g} is not in [0, 1): it is the share that is pruned;{_advice(sparsity)}"
        )
    if not weights:
        raise MaskError("there are no weights to draw masks for; check the rule that says which may be pruned")
    scores = {name: pattern.group_scores(weight.detach().abs()) for name, weight in weights.items()}
    kept = budget.allocate(scores, sparsity)
    return Masks({name: pattern.expand(kept[name], weight.shape) for name, weight in weights.items()})


def _advice(sparsity: float) -> str:
    if 2 <= sparsity < 100:
        return f" write {sparsity / 100:g} for {sparsity:g} %"
    return " write 0.9 for 90 %"
