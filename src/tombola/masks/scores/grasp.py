"""GraSP: weights whose removal would weaken the gradient stay.

What: w * Hg, where g is the mean gradient over some training batches and H the mean Hessian, of the loss at a
  temperature (outputs divided by it). The paper's score is -w * Hg, half of what removing w adds to the gradient's
  squared norm to first order, and it removes the highest; ours has the other sign because the highest stay.
When: pruning before training, at sparsities where SNIP cuts off whole layers.
Cost: for each batch a forward and a backward pass, twice, and one backward pass through the second of them.
Options: ``batch``, ``batches``; ``temperature``, 200 as in the authors' code.
Reference: Wang, Zhang & Grosse, "Picking Winning Tickets Before Training by Preserving Gradient Flow",
  arXiv 2002.07376.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.errors import MaskError
from tombola.masks.scores._base import Needs, Probe, Score, gradients, leaves
from tombola.spec import option


@final
class GraSP(Score):
    """w * Hg; any sign."""

    NEEDS: ClassVar[frozenset[Needs]] = frozenset({"data"})

    batch: int = option(128, "training images in a batch", ge=1)
    batches: int = option(1, "over how many batches gradient and Hessian are averaged", ge=1)
    temperature: float = option(200.0, "what the outputs are divided by before the loss", gt=0)

    def passes(self) -> float:
        """About: gradients, then gradients that are differentiated again."""
        return 12 * self.batch * self.batches

    def scores(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        try:
            return self._products(weights, probe)
        except RuntimeError as error:
            if "not implemented" not in str(error):
                raise
            raise MaskError(
                f"grasp needs second derivatives, and this network has a layer without them ({error});"
                " write score=snip or score=taylor, which need first ones only"
            ) from None

    def _products(self, weights: Mapping[str, Tensor], probe: Probe) -> dict[str, Tensor]:
        own = leaves(weights)
        gradient = [torch.zeros_like(weight) for weight in own.values()]
        for loss in self._losses(own, probe):
            _add(gradient, gradients(loss, own), self.batches)
        product = [torch.zeros_like(weight) for weight in own.values()]
        for loss in self._losses(own, probe):
            along = gradients(loss, own, create_graph=True)
            slope = torch.stack([(a * b).sum() for a, b in zip(along, gradient, strict=True)]).sum()
            _add(product, gradients(slope, own) if slope.requires_grad else [], self.batches)
        return {name: own[name].detach() * part for name, part in zip(own, product, strict=True)}

    def _losses(self, own: Mapping[str, Tensor], probe: Probe) -> Iterator[Tensor]:
        return probe.losses(own, batch=self.batch, batches=self.batches, temperature=self.temperature)


def _add(sums: list[Tensor], parts: list[Tensor], count: int) -> None:
    """Adds in place; nothing where the gradient does not depend on the weights, whose Hessian is zero."""
    for total, part in zip(sums, parts, strict=bool(parts)):
        total += part / count
