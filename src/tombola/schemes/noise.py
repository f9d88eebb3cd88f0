"""Another ticket with Gaussian noise on its weights.

What: adds to every kept weight of the masked layers a normal number of standard deviation ``scale`` times that of the
  layer's pretrained weights. Masks, biases, norms and the head stay; the ticket is self-contained. One seed draws the
  same numbers at every scale and for every ticket of a model, so a sweep of scales goes one way.
When: asking how exactly the pretrained values are needed: the scales .01, .02, .05, .1, .2, .5 and 1.
Cost: one normal number a weight, beside the ticket of ``of``, which a study stores once.
Options: ``of``, the scheme whose ticket it is; ``scale``; ``std``: ``layer`` (of each layer's pretrained weights),
  ``model`` (of all masked layers' pretrained weights together), or a number, such as BERT-Tickets' 0.0387.
  A ``sparsity`` is passed on to ``of``.
Reference: BERT-Tickets' ``pertub_weight.py``, theta_0 + N(0, (c x 0.0387) squared); sensitivity in CV_LTH_Pre-training.
"""

from typing import Annotated, ClassVar, Literal, final

import torch
from pydantic import Field
from torch import Tensor

from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.schemes._base import Rung
from tombola.schemes._control import Control, given, surviving, weights_of, with_values
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Noise(Control):
    """Another ticket, shaken."""

    EXAMPLES: ClassVar[Examples] = ({"of": {"name": "omp", "sparsity": 0.5}},)

    scale: float = option(0.1, "the noise's standard deviation as a multiple of that of the weights", ge=0)
    std: Literal["layer", "model"] | Annotated[float, Field(gt=0)] = option(
        "layer", "whose standard deviation: layer (each layer's), model (all masked layers' together), or a number"
    )

    @property
    def seeded(self) -> bool:
        return True

    @torch.no_grad()
    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        ticket = given(start)
        network = surviving(model, ticket)
        stds = self._stds(model, ticket.masks)
        for name, weight in weights_of(network, ticket.masks).items():
            drawn = torch.randn(weight.shape, generator=generator(seed, self.name, name), dtype=torch.float64)
            weight.add_((self.scale * stds[name] * drawn).to(weight))
        return Rung(with_values(self, ticket, network, std_of_the_noise={n: self.scale * s for n, s in stds.items()}))

    def _stds(self, model: Network, masks: Masks) -> dict[str, float]:
        weights = {name: weight.detach().double() for name, weight in weights_of(model, masks).items()}
        if self.std == "layer":
            return {name: _std(weight) for name, weight in weights.items()}
        whole = _std(torch.cat([weight.flatten() for weight in weights.values()])) if self.std == "model" else self.std
        return dict.fromkeys(weights, whole)


def _std(values: Tensor) -> float:
    return float(values.std(correction=0))
