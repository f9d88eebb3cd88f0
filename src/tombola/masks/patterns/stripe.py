"""Stripes: B output channels share one mask, so that what one loads is used B times.

What: a group is the weights of B output channels at one input channel and kernel position. Stripes never cross a
  convolution's groups, whose channels read different inputs; what is left over makes a smaller last stripe.
When: zeros are to be worth time on a CPU: every input that is loaded serves B outputs, where single weights load one
  for each. Costs some accuracy; more for a larger B.
Cost: nothing to compute as ``given``; ``matched`` under a second for 512 channels of 4608 weights.
Options: ``size``: B (``stripe:4``). ``order``: ``given``, channels that are neighbours share a stripe; or ``matched``,
  channels that are large in the same places do, judged by the weights the ladder begins with. The latter keeps more of
  the magnitude (of a published ResNet-20, globally at 80 to 95 %, 4 to 8 % more than neighbours or chance) and is
  consecutive after a permutation of the channels that the next layers undo.
Reference: Tan et al., "Accelerating Sparse Convolution with Column Vector-Wise Sparsity", NeurIPS 2022 (vectors of
  clustered channels); Lin et al., arXiv 2105.14713 (1xN, whole kernels of consecutive channels).
"""

from typing import Any, ClassVar, Final, Literal, final

import torch
from pydantic import field_validator
from torch import Tensor

from tombola.errors import MaskError
from tombola.masks.layers import Layer
from tombola.masks.patterns._base import Grouping, Pattern
from tombola.masks.patterns._matching import matched
from tombola.masks.patterns._tiles import Tiles, tile
from tombola.registry import Examples
from tombola.spec import option

_LARGEST: Final = 4096
_DIGITS: Final = 9  # of a number that is too large whatever follows


@final
class Stripe(Pattern):
    """Groups across a few output channels."""

    ARGUMENT: ClassVar[str | None] = "size"
    EXAMPLES: ClassVar[Examples] = ({}, {"size": 1}, {"size": 3}, {"size": 2, "order": "matched"})

    size: int = option(4, "how many output channels share a mask")
    order: Literal["given", "matched"] = option(
        "given", "which channels share a stripe: neighbours, or those with their large weights in the same places"
    )

    @field_validator("size", mode="before")
    @classmethod
    def _a_number(cls, value: Any) -> int:
        if isinstance(value, str) and value.strip().isdecimal():
            value = int(value[:_DIGITS])
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _LARGEST:
            raise ValueError(
                f"is not a number of output channels; write a whole number from 1 to {_LARGEST}, as in stripe:4"
            )
        return value

    def grouping(self, weight: Tensor, layer: Layer) -> Grouping:
        order = channel_order(weight, layer, self.size) if self.order == "matched" else None
        return Tiles(layer, tile(layer, outputs=self.size), order)


@torch.no_grad()
def channel_order(weight: Tensor, layer: Layer, size: int) -> Tensor:
    """The output channels of a layer in an order in which matched stripes are consecutive, as int64.

    Channels of different groups of a convolution never change places with each other.
    """
    if not bool(weight.isfinite().all()):
        raise MaskError("the channels cannot be matched: some weights are NaN or infinite; write order=given")
    of_groups = layer.outputs_first(weight.detach()).reshape(layer.groups, layer.outputs // layer.groups, -1)
    orders = [matched(magnitudes, size) for magnitudes in of_groups.abs()]
    return torch.cat([order + start * of_groups.shape[1] for start, order in enumerate(orders)])
