"""At most n of every m weights in a row stay: what sparse tensor cores run.

What: along the input channels, at a fixed output and kernel position, weights come in blocks of m; of each block the n
  of highest score are kept (of equal ones those of the higher index). A last block of fewer than m weights keeps n too,
  or all of them if it has no more. So a depthwise convolution, whose blocks are single weights, is left as it is, and
  the share that is pruned is 1 - n/m only where m divides the inputs.
When: the ticket goes to hardware with such units (2:4 on NVIDIA GPUs since Ampere).
Cost: ranks the weights of each block; nothing is shared out, so the budget is not asked.
Options: ``ratio``: n:m, such as 2:4 (``nm:2:4`` or simply ``2:4``). The sparsity must be 1 - n/m, or 0 to keep all.
  Scores and ladders that prune step by step ask for others on the way, and are refused.
Reference: Mishra et al., "Accelerating Sparse Deep Neural Networks", arXiv 2104.08378; Zhou et al., arXiv 2102.04010.
"""

import re
from collections.abc import Mapping
from typing import ClassVar, final

import torch
from pydantic import field_validator
from torch import Tensor

from tombola.errors import MaskError, RequestError
from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.layers import Layer
from tombola.masks.patterns._base import Grouping, Pattern
from tombola.masks.patterns._tiles import Tiles, tile
from tombola.registry import Examples
from tombola.spec import option

_RATIO = re.compile(r"0{0,9}([1-9]\d{0,3}):0{0,9}([1-9]\d{0,3})")
_NEAR = 1e-6  # two thirds may be written 0.666667


@final
class NM(Pattern):
    """Single weights, chosen in blocks of m along the inputs."""

    ARGUMENT: ClassVar[str | None] = "ratio"
    EXAMPLES: ClassVar[Examples] = ({}, {"ratio": "1:1"}, {"ratio": "1:2"}, {"ratio": "3:5"})

    ratio: str = option("2:4", "n:m, how many of how many consecutive weights along the inputs are kept")

    @field_validator("ratio")
    @classmethod
    def _n_of_m(cls, value: str) -> str:
        found = _RATIO.fullmatch(value.strip())
        if found is None or int(found[1]) > int(found[2]):
            raise ValueError("is not n:m; write how many of how many are kept, 1 <= n <= m <= 9999, as in nm:2:4")
        return f"{found[1]}:{found[2]}"

    @property
    def only(self) -> float:
        n, m = map(int, self.ratio.split(":"))
        return 1 - n / m

    def grouping(self, weight: Tensor, layer: Layer) -> Grouping:
        return Tiles(layer, tile(layer))

    def choose(self, groups: Mapping[str, Groups], sparsity: float, budget: Budget) -> Allocation:
        n, m = map(int, self.ratio.split(":"))
        if sparsity == 0:
            n = m
        elif abs(sparsity - self.only) > _NEAR:
            raise RequestError(
                f"the pattern {self.ratio} keeps {n} of {m}, it cannot have sparsity {sparsity:.7g};"
                f" write sparsity={self.only:.7g} (or 0 to keep all), or another ratio"
            )
        kept = {name: highest(name, item.scores, n, m) for name, item in groups.items()}
        total, pruned = sum(map(torch.numel, kept.values())), sum(int((~item).sum()) for item in kept.values())
        if total and abs(pruned / total - sparsity) > _NEAR:
            text = f"{self.ratio} prunes {pruned:,} of {total:,} weights ({pruned / total:.2%}), not {sparsity:.2%}"
            return Allocation(kept, (f"{text}: not all blocks are of {m} weights, or some were pruned already",))
        return Allocation(kept)


def highest(name: str, scores: Tensor, n: int, m: int) -> Tensor:
    """True for the n highest of every m scores along axis 1; never for -inf, which is pruned already."""
    if bool(scores.isnan().any()):
        raise MaskError(
            f"{name}: {int(scores.isnan().sum())} of {scores.numel()} scores are NaN; nothing can be ranked"
        )
    inputs = scores if scores.dim() > 1 else scores[None]
    whole = inputs.shape[1] // m * m
    blocks = inputs[:, :whole].reshape(len(inputs), -1, m, *inputs.shape[2:])
    kept = torch.cat([_highest(blocks, n).flatten(1, 2), _highest(inputs[:, None, whole:], n).flatten(1, 2)], dim=1)
    return kept.view_as(scores) & (scores != -torch.inf)


def _highest(blocks: Tensor, n: int) -> Tensor:
    """True for the n highest along axis 2; of equal ones the higher index is the higher. Sorts nothing.

    Each is compared with each: for the small blocks that hardware runs, ten times as fast as sorting them.
    """
    scores = blocks.unbind(2)
    higher = torch.zeros_like(blocks, dtype=torch.int16)
    for later in range(1, len(scores)):
        for earlier in range(later):
            lower = scores[earlier] <= scores[later]
            higher[:, :, earlier] += lower
            higher[:, :, later] += ~lower
    return higher < n
