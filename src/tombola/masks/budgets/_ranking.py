"""The lowest groups of several tensors, until enough weights are pruned: what every budget ends in."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tombola.masks.budgets._base import Groups
from tombola.masks.select import all_but_smallest_of


def all_but_lowest(groups: Mapping[str, Groups], sparsity: float) -> dict[str, Tensor]:
    """True for the groups left when the lowest went until ``sparsity`` of all these weights, as near as groups allow.

    Ties by index, tensors in the order given. Groups of one size are selected without sorting.
    """
    sizes = {int(size) for item in groups.values() for size in _extremes(item.sizes)}
    if len(sizes) > 1:
        return _of_unequal_size(groups, sparsity)
    count = round(sparsity * sum(item.scores.numel() for item in groups.values()))
    kept = all_but_smallest_of([item.scores for item in groups.values()], count, names=list(groups))
    return dict(zip(groups, kept, strict=True))


def _extremes(sizes: Tensor) -> Sequence[Tensor]:
    if sizes.numel() == 0:
        return ()
    if not any(sizes.stride()):  # one number seen everywhere, as `numbers` makes it
        return (sizes[(0,) * sizes.dim()],)
    return torch.aminmax(sizes)


def _of_unequal_size(groups: Mapping[str, Groups], sparsity: float) -> dict[str, Tensor]:
    scores = np.concatenate([item.scores.detach().cpu().double().numpy().ravel() for item in groups.values()])
    sizes = np.concatenate([item.sizes.cpu().numpy().ravel() for item in groups.values()])
    order = np.argsort(scores, kind="stable")
    kept = np.ones(len(scores), dtype=np.bool_)
    kept[order[: nearest(np.concatenate([[0], np.cumsum(sizes[order])]), sparsity * int(sizes.sum()))]] = False
    pieces = np.split(kept, np.cumsum([item.scores.numel() for item in groups.values()])[:-1])
    return {
        name: torch.from_numpy(piece.reshape(item.scores.shape)).to(item.scores.device)
        for piece, (name, item) in zip(pieces, groups.items(), strict=True)
    }


def nearest(upto: NDArray[np.int64], target: float) -> int:
    """How many groups to prune when ``upto[n]`` weights go with the first n: the count nearest to the target."""
    above = int(np.searchsorted(upto, target))
    if above == 0 or above == len(upto):
        return min(above, len(upto) - 1)
    low, high = target - int(upto[above - 1]), int(upto[above]) - target
    if low == high:
        return above if above % 2 == 0 else above - 1
    return above if high < low else above - 1
