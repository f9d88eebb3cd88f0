"""ERK: large tensors become sparser than small ones (Erdos-Renyi-Kernel).

What: a tensor keeps a share of its weights in proportion to (outputs + inputs + kernel's sides) / (outputs x inputs x
  kernel), that is weights in proportion to the sum of its dimensions, inputs being those of one group; where that is
  more than all of them it stays dense and the others share the rest. Whole groups, and exactly round(sparsity x all
  groups) go where they are of one size; within a tensor the lowest, ties by index.
When: layer shares that depend on no score: random masks, sparse training, scores that do not compare across layers.
Cost: about four readings of the scores.
Options: ``floor``, how many groups a tensor keeps at least.
Reference: Evci et al., "Rigging the Lottery: Making All Tickets Winners", arXiv 1911.11134, section 3; Mocanu et al.,
  2018, for linear layers. (The paper leaves the first layer dense with uniform sparsity only; so do we not here.)
"""

import math
from collections.abc import Mapping
from typing import final

from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.budgets._floor import FLOOR_HELP
from tombola.masks.budgets._shares import shared
from tombola.masks.layers import Layer
from tombola.spec import option


@final
class ERK(Budget):
    """Weights in proportion to the sum of a tensor's dimensions."""

    floor: int = option(1, FLOOR_HELP, ge=0)

    def allocate(self, groups: Mapping[str, Groups], sparsity: float) -> Allocation:
        return shared(groups, {name: _dimensions(item.layer) for name, item in groups.items()}, sparsity, self.floor)


def _dimensions(layer: Layer) -> float:
    """Outputs, inputs of one group, and the kernel's sides, added up."""
    kernel = layer.shape[2:]
    inputs = layer.shape.numel() // (layer.outputs * math.prod(kernel))
    return layer.outputs + inputs + sum(kernel)
