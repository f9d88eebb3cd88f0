"""The lowest groups of several tensors, until enough weights are pruned: what every budget ends in."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tombola.errors import MaskError
from tombola.masks.budgets._base import Groups
from tombola.masks.select import all_but_smallest_of


def one_size(groups: Mapping[str, Groups]) -> float | None:
    """The size of every group, where they have one; None where not."""
    sizes = {size.item() for item in groups.values() for size in _extremes(item.sizes)}
    return sizes.pop() if len(sizes) == 1 else None


def weights_in(groups: Mapping[str, Groups]) -> float:
    """How many weights all groups hold."""
    return sum(map(_weights, groups.values()))


def asked(groups: Mapping[str, Groups], sparsity: float) -> float:
    """How many weights are to go: a whole number of groups, rounded half to even, where they have one size."""
    size = one_size(groups)
    if size is None:
        return sparsity * weights_in(groups)
    return size * round(sparsity * sum(item.scores.numel() for item in groups.values()))


def all_but(groups: Mapping[str, Groups], weights: float) -> dict[str, Tensor]:
    """True for the groups left when the lowest went until so many weights were gone, as near as groups allow.

    Ties by index, tensors in the order given. Groups of one size are selected without sorting.
    """
    size = one_size(groups)
    if size is None:
        return _of_unequal_size(groups, weights)
    count = round(weights / size) if size else 0
    kept = all_but_smallest_of([item.scores for item in groups.values()], count, names=list(groups))
    return dict(zip(groups, kept, strict=True))


def gone(item: Groups) -> float:
    """How many weights are pruned already."""
    return weights_of(item, torch.isneginf(item.scores))


def weights_of(item: Groups, chosen: Tensor) -> float:
    """How many weights the chosen groups hold."""
    size = one_size({"": item})
    return item.sizes[chosen].sum().item() if size is None else size * int(chosen.count_nonzero())


def ranked(groups: Mapping[str, Groups]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Groups of all tensors from the lowest to the highest, and how many weights are gone with the first n of them."""
    scores = np.concatenate([item.scores.detach().cpu().double().numpy().ravel() for item in groups.values()])
    sizes = np.concatenate([item.sizes.cpu().double().numpy().ravel() for item in groups.values()])
    if wrong := int(np.isnan(scores).sum()):
        raise MaskError(f"{', '.join(groups)}: {wrong} of {len(scores)} scores are NaN; nothing can be ranked")
    order = np.argsort(scores, kind="stable")
    return order, np.concatenate([[0.0], np.cumsum(sizes[order])])


def nearest(upto: NDArray[np.float64], target: float) -> int:
    """How many groups to prune when ``upto[n]`` weights go with the first n: the count nearest to the target."""
    above = int(np.searchsorted(upto, target))
    if above == 0 or above == len(upto):
        return min(above, len(upto) - 1)
    low, high = target - float(upto[above - 1]), float(upto[above]) - target
    if low == high:
        return above if above % 2 == 0 else above - 1
    return above if high < low else above - 1


def _weights(item: Groups) -> float:
    size = one_size({"": item})
    return item.sizes.sum().item() if size is None else size * item.sizes.numel()


def _extremes(sizes: Tensor) -> Sequence[Tensor]:
    if sizes.numel() == 0:
        return ()
    if not any(sizes.stride()):  # one number seen everywhere, as `numbers` makes it
        return (sizes[(0,) * sizes.dim()],)
    return torch.aminmax(sizes)


def _of_unequal_size(groups: Mapping[str, Groups], weights: float) -> dict[str, Tensor]:
    order, upto = ranked(groups)
    kept = np.ones(len(order), dtype=np.bool_)
    kept[order[: nearest(upto, weights)]] = False
    pieces = np.split(kept, np.cumsum([item.scores.numel() for item in groups.values()])[:-1])
    return {
        name: torch.from_numpy(piece.reshape(item.scores.shape)).to(item.scores.device)
        for piece, (name, item) in zip(pieces, groups.items(), strict=True)
    }
