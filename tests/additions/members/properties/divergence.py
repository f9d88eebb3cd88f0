"""Divergence: how far a ticket's probabilities are from the dense network's, where agreement looks at first choices.

What: the mean over test samples of KL(dense || ticket) in nats, of both networks' probabilities at ``temperature``;
  0 where every answer is the same to the last doubt.
When: what stands behind a network reads its probabilities, not only its first choice.
Cost: one forward pass of each over the test split; in a study also the dense network's transfer, once a prior.
Options: ``temperature``; ``batch`` (not part of the identity).
Reference: Hinton et al., "Distilling the Knowledge in a Neural Network", arXiv 1503.02531, whose loss it is.
"""

from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.answers import Classes
from tombola.attacks._crafting import crafting
from tombola.data._base import Examples
from tombola.data._loading import batches
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, PairProperty
from tombola.properties._test_images import answers, ready, require_answers, test_examples
from tombola.registry import Examples as Tried
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Divergence(PairProperty):
    """How unlike two networks' probabilities are."""

    EXAMPLES: ClassVar[Tried] = ({}, {"temperature": 4.0})

    temperature: float = option(1.0, "what both networks' outputs are divided by first", gt=0)
    batch: int = option(256, "samples a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        instead = "write measure: [mean_iou], or --property mean_iou"
        require_answers(task, Classes, "divergence is of probabilities of classes", instead)

    def compare(self, model: Network, dense: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        self.check(task)
        examples = test_examples(task, None)
        told, wanted = (self._odds(network, examples, session) for network in (model, dense))
        apart = (wanted.exp() * (wanted - told)).sum(1).mean()
        budget: dict[str, Scalar] = {"temperature": self.temperature}
        return [Measurement("divergence", float(apart), len(examples), "nats", "lower", detail=budget)]

    def _odds(self, network: Network, examples: Examples, session: Session) -> Tensor:
        """The logarithms of every example's probabilities, in float64."""
        device = device_of(session.device)
        there = ready(network, device)
        with crafting(there, "eval"), torch.no_grad():
            found = [answers(there, shown).double().cpu() for shown in batches(examples, self.batch, device=device)]
        return (torch.cat(found) / self.temperature).log_softmax(1)
