"""A ladder's next level, in the units its groups are counted in."""

from collections.abc import Mapping

import torch

from tombola.masks.ladders._base import Ladder
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Grouping


def sparsity_after(ladder: Ladder, level: int, groups: Mapping[str, Grouping], within: Masks | None) -> float:
    """The share that is pruned after ``level``, given the masks after the level before (None: nothing is pruned).

    Counted in groups where all have one size, so that a level prunes exactly round(rate x remaining groups), and in
    weights where they have not.
    """
    sizes = {int(size) for grouping in groups.values() for size in torch.aminmax(grouping.sizes)}
    unit = sizes.pop() if len(sizes) == 1 else 1
    total = sum(int(grouping.sizes.sum()) for grouping in groups.values()) // unit
    before = 0 if within is None else (within.total - within.kept) // unit
    return ladder.pruned(level, before, total) / total
