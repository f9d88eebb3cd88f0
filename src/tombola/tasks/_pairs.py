"""Vectors that are compared: how alike views are, and which of them are of one image. Pure functions on tensors."""

import torch
from torch import Tensor
from torch.nn import functional as F


def unit(outputs: Tensor) -> Tensor:
    """Vectors (N, D) of length one, in float32."""
    return F.normalize(outputs.float(), dim=1)


def partners(targets: Tensor) -> tuple[Tensor, Tensor]:
    """Where the other view of each one's image stands, (N,), and whether there is one.

    >>> partners(torch.tensor([7, 4, 4, 7, 9]))
    (tensor([3, 2, 1, 0, 0]), tensor([ True,  True,  True,  True, False]))
    """
    same = (targets[:, None] == targets).fill_diagonal_(fill_value=False)
    return same.byte().argmax(1), same.any(1)


def pairs(targets: Tensor) -> Tensor:
    """Where the two views of each image stand, (N / 2, 2), in the order of first views; each must have two.

    >>> pairs(torch.tensor([7, 4, 4, 7])).tolist()
    [[0, 3], [1, 2]]
    """
    found = targets.argsort(stable=True).view(-1, 2)
    return found[found[:, 0].argsort()]


def nt_xent(outputs: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """-log p of each view's partner among all other views of the batch, (N,); NaN for a view without a partner.

    p is a softmax of cosines over the temperature. A view is not compared with itself, and its partner is no negative
    of its own: it stands once, as what is right.
    """
    which, there = partners(targets)
    return F.cross_entropy(alike(outputs, temperature), which, reduction="none").where(there, torch.nan)


def told(outputs: Tensor, targets: Tensor) -> Tensor:
    """1.0 for a view whose partner is more alike than any other view, else 0.0; NaN where outputs hold NaN.

    A view without a partner is told by nothing: 0.0.
    """
    which, there = partners(targets)
    right = (alike(outputs).argmax(1) == which) & there
    return right.float().masked_fill_(outputs.isnan().any(1), torch.nan)


def alike(outputs: Tensor, temperature: float = 1.0) -> Tensor:
    """Cosines of all views with all views over the temperature, (N, N); minus infinity with themselves."""
    vectors = unit(outputs)
    found = vectors @ vectors.T / temperature
    return found.masked_fill(torch.eye(len(found), dtype=torch.bool, device=found.device), -torch.inf)
