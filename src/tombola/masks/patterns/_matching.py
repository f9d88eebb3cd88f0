"""Which channels should share a stripe: those whose large weights are in the same places.

A stripe's weights are kept where their sum is large, so few large sums are better than many middling ones. That is
measured by the sum of the squares of all stripes' sums, which is, but for a constant, the sum of the scalar products of
the magnitudes of any two channels in one stripe, and needs no sparsity to be named. Stripes are filled one after
another with what fits best, then channels are exchanged while an exchange raises the measure.

Magnitudes are rounded to 12 bits of the largest. All sums are then whole numbers that float64 holds exactly, so the
order is the same on every machine, with any number of threads.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_LEVELS = (1 << 12) - 1
_SWEEPS = 20  # usually six to ten find nothing to exchange any more

Products = NDArray[np.float64]
Labels = NDArray[np.int64]


def matched(magnitudes: Tensor, size: int) -> Tensor:
    """The channels (rows of finite numbers >= 0) in an order that makes every ``size`` consecutive ones a stripe.

    Stripes come in the order of their first channel, and channels inside a stripe in theirs; the last stripe is the
    one that is smaller. The measure above is never less than for the order given.

    >>> matched(torch.tensor([[9.0, 0.0], [0.0, 9.0], [8.0, 0.0], [0.0, 8.0]]), 2)
    tensor([0, 2, 1, 3])
    """
    channels = len(magnitudes)
    if size == 1 or channels <= size:
        return torch.arange(channels)
    products = _products(magnitudes)
    given = np.arange(channels) // size
    filled = _fill(products, size)
    stripes = max(given, filled, key=lambda labels: _measure(products, labels))
    return torch.from_numpy(_order(_exchange(products, stripes.copy()), size))


def _products(magnitudes: Tensor) -> Products:
    """The scalar product of every two channels, of whole numbers, and 0 of a channel with itself."""
    largest = float(magnitudes.max())
    scaled = (magnitudes.cpu().double() * (_LEVELS / largest if largest else 0.0)).round()
    products: Products = (scaled @ scaled.T).fill_diagonal_(0).numpy()
    return products


def _measure(products: Products, stripes: Labels) -> float:
    return float(products[stripes[:, None] == stripes[None]].sum())


def _fill(products: Products, size: int) -> Labels:
    """Stripes filled one after another: begun by the free channel with most in common with all, joined by the best."""
    stripes = np.full(len(products), -1, dtype=np.int64)
    shared = products.sum(axis=1)
    for place in range(len(products)):
        if place % size == 0:
            fit = shared.copy()
        fit[stripes >= 0] = -1
        best = int(fit.argmax())
        stripes[best] = place // size
        fit = products[best].copy() if place % size == 0 else fit + products[best]
    return stripes


def _exchange(products: Products, stripes: Labels) -> Labels:
    """Each channel in turn changes places with the one that raises the measure most, while any does. In place."""
    members = np.equal.outer(np.arange(stripes.max() + 1), stripes)
    fits = members @ products  # (stripes, channels): what a channel has in common with a stripe
    everyone = np.arange(len(stripes))
    for _ in range(_SWEEPS):
        exchanged = False
        for one in range(len(stripes)):
            here = stripes[one]
            gains = fits[here] - fits[stripes, everyone] + fits[stripes, one] - fits[here, one] - 2 * products[one]
            gains[stripes == here] = 0
            other = int(gains.argmax())
            if gains[other] > 0:
                there = stripes[other]
                fits[here] += products[other] - products[one]
                fits[there] += products[one] - products[other]
                stripes[one], stripes[other] = there, here
                exchanged = True
        if not exchanged:
            break
    return stripes


def _order(stripes: Labels, size: int) -> Labels:
    count = np.bincount(stripes)
    first = np.full(len(count), len(stripes))
    np.minimum.at(first, stripes, np.arange(len(stripes)))
    rank = np.where(count == size, first, len(stripes))  # the smaller one last
    found: Labels = np.argsort(rank[stripes], kind="stable")
    return found
