"""From scores to masks: groups by the pattern, shares by the budget, exact counts."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from tombola.errors import MaskError, RequestError
from tombola.masks.budgets._base import Budget, Groups
from tombola.masks.layers import Layer
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Grouping, Pattern


def groupings(weights: Mapping[str, Tensor], pattern: Pattern, layers: Mapping[str, Layer]) -> dict[str, Grouping]:
    """The groups of every tensor, to be used for all draws of one ladder; a layer that is not given is its shape."""
    return {name: pattern.grouping(weight, layers.get(name, Layer.of(weight))) for name, weight in weights.items()}


@torch.no_grad()
def draw_masks(
    weights: Mapping[str, Tensor],
    sparsity: float,
    *,
    pattern: Pattern,
    budget: Budget,
    layers: Mapping[str, Layer] | None = None,
) -> Masks:
    """The masks that prune the groups of smallest magnitude, exactly as many as the budget says. Changes no weight.

    ``sparsity`` is relative to the weights given. Weights that are zero already are the smallest of all, so drawing
    again from masked weights at a higher sparsity prunes what was pruned before, and more.

    >>> from tombola.masks.budgets.global_ import Global
    >>> from tombola.masks.patterns.element import Element
    >>> masks = draw_masks({"w": torch.tensor([3.0, -1.0, 2.0, 0.5])}, 0.5, pattern=Element(), budget=Global())
    >>> masks["w"]
    tensor([ True, False,  True, False])
    """
    known = layers or {}
    groups = groupings(weights, pattern, known)
    magnitudes = {name: weight.detach().abs() for name, weight in weights.items()}
    return draw_by_scores(magnitudes, sparsity, pattern=pattern, budget=budget, groupings=groups, layers=known)


@torch.no_grad()
def draw_by_scores(
    scores: Mapping[str, Tensor],
    sparsity: float,
    *,
    pattern: Pattern,
    budget: Budget,
    groupings: Mapping[str, Grouping],
    layers: Mapping[str, Layer],
    within: Masks | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> Masks:
    """The masks that prune the groups of lowest mean score, nested in ``within`` when that is given.

    ``scores`` has one number a weight; ``sparsity`` is relative to all weights, those outside ``within`` included.
    What the budget has to say (a layer it had to spare, or emptied) goes to ``note``.
    """
    if not 0 <= sparsity < 1:
        raise RequestError(
            f"sparsity={sparsity:g} is not in [0, 1): it is the share that is pruned;{_advice(sparsity)}"
        )
    if not scores:
        raise MaskError("there are no weights to draw masks for; check the rule that says which may be pruned")
    groups = {
        name: Groups(
            _alive(name, groupings[name], item, within), groupings[name].sizes, layers.get(name, Layer.of(item))
        )
        for name, item in scores.items()
    }
    chosen = pattern.choose(groups, sparsity, budget)
    for text in chosen.notes:
        note(text)
    masks = Masks({name: groupings[name].expand(chosen.kept[name]) for name in scores})
    return masks if within is None else masks & within  # where it is sparser than asked, nothing comes back


def _alive(name: str, grouping: Grouping, scores: Tensor, within: Masks | None) -> Tensor:
    """The groups' scores, -inf where the group is pruned already."""
    means = grouping.means(scores)
    if within is None:
        return means
    alive = grouping.means(within[name].to(means.device, torch.float64))
    if bool(((alive != 0) & (alive != 1)).any()):
        raise MaskError(
            f"{name}: the masks to draw within keep parts of groups; draw them with the same pattern, or begin anew"
        )
    return means.masked_fill(alive == 0, -torch.inf)


def _advice(sparsity: float) -> str:
    if 2 <= sparsity < 100:
        return f" write {sparsity / 100:g} for {sparsity:g} %"
    return " write 0.9 for 90 %"
