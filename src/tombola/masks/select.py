"""The smallest so many of many scores, exactly, without sorting them.

Floats are ordered as their bits are when read as an integer, once those of negative numbers (a sign, a magnitude) are
made negative integers. So the scores are counted by their upper 12 bits, which gives the bucket that the threshold
falls into; only what lies in that bucket is looked at more closely, 11 bits at a time, until the threshold is one exact
value. Among the scores equal to it the lower index goes first.

All of it runs on one core, in NumPy, over pieces that stay in its caches: torch would split each of these short steps
among threads, and on a machine with other work their meetings cost ten times what they save.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tombola.errors import MaskError

Bits: TypeAlias = NDArray[np.signedinteger[Any]]
Chosen: TypeAlias = NDArray[np.bool_]

_DIGIT = 11  # bits looked at in one round, besides the sign
_PIECE = 32_000  # scores in a piece: below torch's grain of 32,768, from which on its counting is split among threads
_BITS = {
    torch.float64: torch.int64,
    torch.float32: torch.int32,
    torch.bfloat16: torch.int16,
    torch.float16: torch.int16,
}


def smallest(scores: Tensor, count: int) -> Tensor:
    """True for exactly ``count`` of the smallest scores (any sign, infinities, any shape), the lower index first.

    >>> smallest(torch.tensor([0.5, -torch.inf, 0.5, 0.9]), 2)
    tensor([ True,  True, False, False])
    """
    return smallest_of([scores], count)[0]


def smallest_of(scores: Sequence[Tensor], count: int, names: Sequence[str] = ()) -> list[Tensor]:
    """`smallest` over all the tensors together, as if they were one in the order given; a boolean tensor for each.

    ``names`` are what an error message calls the tensors. The scores are not changed.
    """
    return [_like(chosen, tensor) for chosen, tensor in zip(_choose(scores, count, names), scores, strict=True)]


def all_but_smallest_of(scores: Sequence[Tensor], count: int, names: Sequence[str] = ()) -> list[Tensor]:
    """What `smallest_of` leaves: True for all scores but the ``count`` smallest."""
    chosen = _choose(scores, count, names)
    return [_like(np.logical_not(mask, out=mask), tensor) for mask, tensor in zip(chosen, scores, strict=True)]


def _choose(scores: Sequence[Tensor], count: int, names: Sequence[str]) -> list[Chosen]:
    total = sum(tensor.numel() for tensor in scores)
    if not 0 <= count <= total:
        raise MaskError(f"asked for the {count} smallest of {total} scores; write a count from 0 to {total}")
    bits, lowest = _bits(scores, names)
    if count in (0, total):
        return [np.full(flat.shape, count > 0) for flat in bits]
    threshold, wanted, equal = _threshold(bits, count, lowest)
    chosen = [flat <= threshold for flat in bits]
    if wanted < equal:
        _drop_late_ties(chosen, bits, threshold, wanted)
    return chosen


def _like(chosen: Chosen, tensor: Tensor) -> Tensor:
    return torch.from_numpy(chosen).view(tensor.shape).to(tensor.device)


def _bits(scores: Sequence[Tensor], names: Sequence[str]) -> tuple[list[Bits], int]:
    """Each tensor flat, of one common float type, as integers of the same order, and a bound below; refuses NaN."""
    common = _common_type(scores)
    found: list[Bits] = []
    bounds = [0]
    for position, tensor in enumerate(scores):
        flat = tensor.detach().cpu().to(common).contiguous().view(-1)
        ordered, bound = _ordered(flat, names[position] if names else f"tensor {position}")
        found.append(ordered)
        bounds.append(bound)
    return found, min(bounds)


def _common_type(scores: Sequence[Tensor]) -> torch.dtype:
    types = {tensor.dtype for tensor in scores}
    if wrong := types - _BITS.keys():
        raise MaskError(f"scores are {wrong.pop()}; they may be {', '.join(map(str, _BITS))}")
    common = types.pop() if types else torch.float32
    for dtype in types:
        common = torch.promote_types(common, dtype)
    return common


def _ordered(flat: Tensor, name: str) -> tuple[Bits, int]:
    """The integers and the least there can be: 0 where no score has a sign, and then nothing is copied."""
    integer = _BITS[flat.dtype]
    bits: Bits = flat.view(integer).numpy()
    infinity = int(torch.tensor(torch.inf, dtype=flat.dtype).view(integer))
    if all(piece.min() >= 0 and piece.max() <= infinity for piece in _pieces([bits])):
        return bits, 0
    numbers = np.concatenate([_signed(piece) for piece in _pieces([bits])])
    if not all(piece.min() >= -infinity and piece.max() <= infinity for piece in _pieces([numbers])):
        wrong, where = int(flat.isnan().count_nonzero()), int(flat.isnan().nonzero()[0])
        raise MaskError(
            f"{name}: {wrong} of {flat.numel()} scores are NaN, the first at index {where}; nothing can be ranked"
        )
    return numbers, int(np.iinfo(bits.dtype).min)


def _signed(piece: Bits) -> Bits:
    """Sign and magnitude as the integer they mean; -0.0 is 0."""
    limits = np.iinfo(piece.dtype)
    signs = piece >> (limits.bits - 1)  # -1 or 0
    numbers: Bits = (piece ^ (signs & limits.max)) - signs
    return numbers


def _threshold(bits: Sequence[Bits], count: int, low: int) -> tuple[int, int, int]:
    """The ``count``-th smallest value, how many that equal it are among the ``count`` smallest, and how many do.

    ``low`` is 0 where no number is negative, else the least of the integer type.
    """
    shift = bits[0].dtype.itemsize * 8 - 1
    bins = 2 << _DIGIT if low else 1 << _DIGIT
    wanted, equal = count, 0
    inside = _pieces(bits)
    while shift:
        shift = max(0, shift - _DIGIT)
        upto = _histogram(inside, low >> shift, shift, bins).cumsum()
        digit = int(np.searchsorted(upto, wanted))
        before = int(upto[digit - 1]) if digit else 0
        wanted, equal = wanted - before, int(upto[digit]) - before
        low += digit << shift
        bins = 1 << _DIGIT
        if shift:
            inside = _pieces([np.concatenate([piece[(piece >> shift) == (low >> shift)] for piece in inside])])
    return low, wanted, equal


def _pieces(bits: Iterable[Bits]) -> list[Bits]:
    return [flat[start : start + _PIECE] for flat in bits for start in range(0, len(flat), _PIECE)]


def _histogram(pieces: Sequence[Bits], lowest: int, shift: int, bins: int) -> NDArray[np.int64]:
    """How many numbers have each value of the bits from ``shift`` up, counted from ``lowest``."""
    counts = np.zeros(bins, dtype=np.int64)
    for piece in pieces:
        digits = piece >> shift
        if lowest:
            digits -= lowest
        counts += torch.bincount(torch.from_numpy(digits), minlength=bins).numpy()  # twice as fast as NumPy's
    return counts


def _drop_late_ties(chosen: Sequence[Chosen], bits: Sequence[Bits], threshold: int, wanted: int) -> None:
    """Of the chosen that equal the threshold only the first ``wanted`` stay chosen, in place."""
    for mask, flat in zip(chosen, bits, strict=True):
        (positions,) = np.nonzero(flat == threshold)
        mask[positions[wanted:]] = False
        wanted = max(0, wanted - len(positions))
