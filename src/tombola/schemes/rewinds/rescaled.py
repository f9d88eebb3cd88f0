"""Back to random weights whose layers are scaled so that the first step under the masks goes furthest.

What: the state is that of ``initial``, every layer but the head begun anew from the seed. Each level is trained from,
  and its ticket holds, that state under its masks with one factor a tensor (biases too), found in ``steps`` steps:
  while the gradient's norm is above 1 it is lowered, else the loss after a step along it. Masks and zeros stay; the
  head, which a transfer replaces, keeps its values. Gradients are of the task's training images as they are, batch
  norm on each batch's own statistics; each step looks at three half batches of the fit's size.
When: sparse networks from random weights (ToST's "layer-wise rescaled initialisation"). With a ladder of one level,
  ``first=prune`` and a score (random, snip, grasp, synflow) it is that mask's rescaled beginning. Of pretrained weights
  it would spoil what layers have learned of each other: it begins with random ones.
Cost: ``steps`` times about two training steps and their second derivatives, twice a level that trains.
Options: ``steps``; ``lr``, of the factors' Adam.
Reference: Jaiswal et al. (ToST), ICML 2022, arXiv 2206.12755, the variant that masks first; Zhu et al. (GradInit),
  NeurIPS 2021, arXiv 2102.08098.
"""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from tombola.errors import RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.feed import Feed
from tombola.fitting.fit import Fit
from tombola.fitting.seeds import derive
from tombola.fitting.session import Session
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.schemes.rewinds._base import Rewind
from tombola.schemes.rewinds._rescaling import scales
from tombola.schemes.rewinds.initial import Initial
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Rescaled(Rewind):
    """Random layers, each at the scale that suits its masks."""

    SEEDED: ClassVar[bool] = True
    LOOKS: ClassVar[bool] = True
    EXAMPLES: ClassVar[Examples] = ({"steps": 2},)

    steps: int = option(180, "how often the factors are moved", ge=1)
    lr: float = option(0.01, "by how much at most, the first time", gt=0, lt=1)

    def state(self, model: Network, task: Task | None, fit: Fit, *, seed: int, session: Session) -> Network:
        return Initial().state(model, task, fit, seed=seed, session=session)

    def under(
        self, state: Network, masks: Masks | None, task: Task | None, fit: Fit, *, seed: int, session: Session
    ) -> Network:
        assert task is not None
        if fit.bn == "frozen":
            raise RequestError(
                "rewind=rescaled begins at random weights, and there are no statistics to freeze; write fit.bn=train"
            )
        found = state.copy()
        if masks is not None:
            apply_masks(found.body, masks)
        factors = self._factors(found, task, fit, seed, device_of(session.device))
        with torch.no_grad():
            for name, value in found.named_parameters():
                value.mul_(factors.get(name, 1.0))
        return found

    def _factors(self, network: Network, task: Task, fit: Fit, seed: int, device: torch.device) -> dict[str, float]:
        """Of every trained tensor but the head's, by its name in the network."""
        copy = network.copy().to(device).train()
        head = set(copy.head.parameters())
        values = {name: p.detach() for name, p in copy.named_parameters() if p.requires_grad and p not in head}
        feed = Feed(
            task.splits().train, max(2, fit.batch // 2), seed=derive(seed, "rescaled"), device=device, drop_last=True
        )

        def loss(placed: Mapping[str, Tensor], number: int) -> Tensor:
            batch = feed.batch_at(number)
            torch.manual_seed(derive(seed, "rescaled", number))  # dropout's
            outputs = functional_call(copy, dict(placed), (batch.x,), dict(batch.more))
            return task.losses(outputs, batch.targets).mean()

        borrowed = torch.random.fork_rng([device] if device.type == "cuda" else [])
        with borrowed, feed, sdpa_kernel(SDPBackend.MATH):  # the fused kernels of attention have no second derivative
            return scales(values, loss, steps=self.steps, lr=self.lr)
