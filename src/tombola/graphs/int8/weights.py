"""`rounded_weights`: a layer's weights and biases as whole numbers whose sums no processor's instruction can overflow;
`whole_weights`: the same numbers as floats, for a training through whose rounding gradients go straight.

Instructions without VNNI add two products in 16 bits, cut off at 32,767: of the two weights of a pair of neighbouring
input channels those of one sign come to 128 at most, times 255. Sums of 32 bits stay below 2^31 whatever is read.
So every processor finds the same numbers, and there is nothing to cut off.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.graphs.cells import MOST

LARGEST: Final = 127
PAIR: Final = 128
SUM: Final = 2**31 - 1
_HALF: Final = 2.0**30
_WHOLE: Final = 1.5 * 2.0**52
"""Added and taken off again it leaves the nearest whole number, of two the even one, and gradients as they are."""


@dataclass(frozen=True, eq=False)
class Weights:
    """Whole ``weight`` and ``bias`` (of outputs), and what a whole step of an output's sum is, times ``entering``."""

    weight: Tensor
    bias: Tensor
    steps: Tensor


def rounded_weights(weight: Tensor, bias: Tensor | None, entering: float, zero: int) -> Weights:
    """(out, in, ...) in int8 and the bias in int32, with a scale an output; zeros stay zeros.

    They are for inputs that mean ``entering * (q - zero)``; the bias holds what ``zero`` adds to a sum.
    """
    found = whole_weights(weight, bias, entering, zero)
    return Weights(found.weight.to(torch.int8), found.bias.to(torch.int32), found.steps)


def whole_weights(weight: Tensor, bias: Tensor | None, entering: float, zero: int) -> Weights:
    """As `rounded_weights` finds them, in float64; gradients reach ``weight`` and ``bias`` past the rounding."""
    wide = weight.double()
    given = torch.zeros(len(wide), dtype=torch.float64) if bias is None else bias.double()
    own = _scales(wide.detach(), given.detach(), entering)
    whole = _nearest(wide / own.view(-1, *(1 for _ in wide.shape[1:])))
    shifted = _nearest(given / (own * entering)) - zero * whole.flatten(1).sum(1)
    _check(whole.detach(), shifted.detach())
    return Weights(whole, shifted, own)


def rounded_rows(table: Tensor) -> tuple[Tensor, Tensor]:
    """(words, C) with each row as whole numbers times a step of its own, and the steps; zeros stay zeros.

    Gradients reach ``table`` past the rounding.
    """
    most = table.detach().abs().amax(1)
    steps = torch.where(most > 0, most / LARGEST, torch.ones_like(most)).float()
    wide = steps.double().unsqueeze(1)
    return (_nearest(table.double() / wide) * wide).float(), steps


def _nearest(numbers: Tensor) -> Tensor:
    return (numbers + _WHOLE) - _WHOLE


def _scales(wide: Tensor, bias: Tensor, entering: float) -> Tensor:
    """A step of each output's weights: as small as all three bounds allow; of no weights one that suits the bias."""
    flat = wide.flatten(1)
    single, pair = flat.abs().amax(1) / LARGEST, _pairs(wide) / (PAIR - 1)
    whole_sum = flat.abs().sum(1) * MOST / (_HALF / 2)
    with_bias = bias.abs() / (entering * _HALF / 2)
    found = torch.stack([single, pair, whole_sum, with_bias]).amax(0)
    return torch.where(found > 0, found, torch.ones_like(found))


def _pairs(wide: Tensor) -> Tensor:
    """The largest sum of an output's two neighbouring weights of one sign; odd groups may begin anywhere."""
    flat = wide.flatten(2) if wide.ndim > 2 else wide.unsqueeze(2)
    ways = [flat, F.pad(flat, (0, 0, 1, 0))] if wide.shape[1] % 2 else [flat]
    return torch.stack([_largest_pair(F.pad(way, (0, 0, 0, way.shape[1] % 2))) for way in ways]).amax(0)


def _largest_pair(flat: Tensor) -> Tensor:
    first, second = flat[:, 0::2], flat[:, 1::2]
    up, down = ((sign * first).clamp_min(0) + (sign * second).clamp_min(0) for sign in (1, -1))
    return torch.maximum(up, down).flatten(1).amax(1)


def _check(whole: Tensor, bias: Tensor) -> None:
    """What the bounds promise; no input can break it."""
    most = MOST * whole.flatten(1).abs().sum(1) + bias.abs()
    if float(whole.abs().max()) > LARGEST or float(_pairs(whole).max()) > PAIR or float(most.max()) > SUM:
        raise OverflowError("rounded weights are beyond what whole sums hold")
