"""SynFlow: how much of a flow of ones passes through a weight, pruned in many rounds so that no layer dies.

What: |dR/d|w| * |w||, where R is the sum of the outputs for an image of ones that enters the body behind the
  normaliser, in float64, in eval mode, with every parameter and buffer by its magnitude. Scored anew after each of
  ``rounds`` rounds; each round keeps the same part of what the one before kept.
When: no data at hand, or very high sparsity: what enters a unit scores as much as what leaves it, so layers are not
  cut off.
Cost: a forward and a backward pass of one image a round, in double precision.
Options: ``rounds``, 100 as in the paper. The image's side is the scheme's ``image``, or the task's.
Reference: Tanaka et al., "Pruning neural networks without any data by iteratively conserving synaptic flow",
  arXiv 2006.05467.
"""

from collections.abc import Mapping
from typing import ClassVar, final

from torch import Tensor, float64

from tombola.masks.scores._base import Needs, Probe, Score, gradients, leaves
from tombola.registry import Examples
from tombola.spec import option


@final
class SynFlow(Score):
    """The synaptic flow through each weight; never negative."""

    NEEDS: ClassVar[frozenset[Needs]] = frozenset({"image"})
    EXAMPLES: ClassVar[Examples] = ({"rounds": 3},)

    rounds: int = option(100, "in how many rounds it prunes", ge=1)

    @property
    def num_rounds(self) -> int:
        return self.rounds

    def passes(self) -> float:
        return 3

    def scores(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        own = leaves({name: weight.abs() for name, weight in weights.items()}, float64)
        flowing = gradients(probe.flow(own), own)
        return {name: (own[name].detach() * part).abs() for name, part in zip(own, flowing, strict=True)}
