"""The lowest groups of several tensors under one threshold, sparing the last few of each."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from tombola.errors import MaskError
from tombola.masks.budgets._base import Allocation, Groups
from tombola.masks.budgets._ranking import all_but, gone, weights_in, weights_of
from tombola.masks.select import all_but_smallest_of

FLOOR_HELP: Final = "groups every tensor keeps at least; 0 lets a layer be emptied"


def lowest_go(groups: Mapping[str, Groups], weights: float, floor: int, *, of: str = "weights") -> Allocation:
    """So many weights are pruned, the lowest groups first, but the ``floor`` highest of each tensor stay.

    Where those had to be spared the next lowest elsewhere go instead, so the count stays as asked. What is pruned
    already stays so, and does not count towards a floor.
    """
    kept, notes = _not_less_than_gone(groups, weights, of)
    if floor == 0:
        return Allocation(kept, (*notes, *emptied(kept, groups)))
    if not any(_below(kept[name], item, floor) for name, item in groups.items()):
        return Allocation(kept, notes)
    safe = {name: _highest(item, floor) for name, item in groups.items()}
    lifted = {
        name: replace(item, scores=item.scores.masked_fill(safe[name], torch.inf)) for name, item in groups.items()
    }
    kept, notes = _not_less_than_gone(lifted, weights, of)
    if any(bool((safe[name] & ~kept[name]).any()) for name in groups):
        held = sum(protected(item, floor) for item in groups.values())
        raise too_sparse(weights, held, weights_in(groups), floor, of)
    return Allocation(kept, (*notes, *spared(_bound(kept, safe, groups), kept, floor)))


def too_sparse(weights: float, held: float, total: float, floor: int, of: str = "weights") -> MaskError:
    """What to write when a floor leaves too little to prune."""
    most = math.floor((total - held) / total * 1e6) / 1e6
    return MaskError(
        f"{weights:,.8g} of {total:,.8g} {of} are to go, but floor={floor} keeps {held:,.8g} of them;"
        f" write a sparsity of at most {most:g}, or floor=0 to let layers be emptied"
    )


def spared(names: list[str], kept: Mapping[str, Tensor], floor: int) -> tuple[str, ...]:
    """The note about tensors that a floor saved."""
    if not names:
        return ()
    each = ", ".join(f"{name} keeps {int(kept[name].count_nonzero())} of {kept[name].numel()} groups" for name in names)
    return (f"spared by floor={floor}: {each}",)


def emptied(kept: Mapping[str, Tensor], groups: Mapping[str, Groups]) -> tuple[str, ...]:
    """The note about tensors of which nothing is left."""
    names = [name for name in groups if not bool(kept[name].any())]
    if not names:
        return ()
    each = ", ".join(f"{name} (of {kept[name].numel()} groups)" for name in names)
    return (f"emptied: nothing is left of {each}; write floor=1 to spare them",)


def already(weights: float, pruned: float, total: float, of: str = "weights") -> tuple[str, ...]:
    """The note about more being pruned than is asked."""
    return (f"{pruned / total:.1%} of the {of} are pruned already, {weights / total:.1%} were asked; no more went",)


def _not_less_than_gone(
    groups: Mapping[str, Groups], weights: float, of: str
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    kept = all_but(groups, weights)
    # The lowest go first: if one that was not pruned before went, all that were pruned before have gone.
    if any(bool((item.scores[~kept[name]] > -torch.inf).any()) for name, item in groups.items()):
        return kept, ()
    before = sum(map(gone, groups.values()))
    if before <= weights:
        return kept, ()
    return all_but(groups, before), already(weights, before, weights_in(groups), of)


def _below(kept: Tensor, item: Groups, floor: int) -> bool:
    left = int(kept.count_nonzero())
    return left < floor and left < int((item.scores > -torch.inf).count_nonzero())


def protected(item: Groups, floor: int) -> float:
    """How many weights a floor keeps of a tensor."""
    return weights_of(item, _highest(item, floor))


def _highest(item: Groups, floor: int) -> Tensor:
    """The last ``floor`` groups to go, without those pruned already."""
    count = item.scores.numel()
    return all_but_smallest_of([item.scores], max(0, count - floor))[0] & (item.scores > -torch.inf)


def _bound(kept: Mapping[str, Tensor], safe: Mapping[str, Tensor], groups: Mapping[str, Groups]) -> list[str]:
    """The tensors whose spared groups would have gone before the last that went."""
    ends = [
        (float(item.scores[~kept[name]].max()), place)
        for place, (name, item) in enumerate(groups.items())
        if not bool(kept[name].all())
    ]
    last = max(ends, default=(-math.inf, 0))
    lowest = {name: float(item.scores[safe[name]].min()) for name, item in groups.items() if bool(safe[name].any())}
    places = {name: place for place, name in enumerate(groups)}
    return [name for name, score in lowest.items() if (score, places[name]) < last]
