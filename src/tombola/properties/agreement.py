"""Agreement: on how many test samples a ticket answers as the dense network does, and where it newly errs.

What: the share of test samples on which both networks, adapted alike, have the same first choice (``agreement``; what
  is left of 100 % is churn); the shares that the dense one tells right and the ticket wrong (``negative_flips``) and
  the other way round (``positive_flips``). Accuracies differ by the difference of the flips, and hide their sum.
When: before a ticket takes a dense network's place: equal accuracy may still change many answers.
Cost: one forward pass of each over the test split; in a study also the dense network's transfer, once a prior.
Options: batch (not part of the identity).
Reference: Milani Fard et al., "Launch and Iterate: Reducing Prediction Churn", NeurIPS 2016; Yan et al.,
  "Positive-Congruent Training", CVPR 2021 (negative flips); Hooker et al., arXiv 1911.05248, for pruned networks.
"""

from typing import final

from torch import Tensor

from tombola.answers import Classes
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, PairProperty
from tombola.properties._test_images import labelled, outcomes, require_answers, test_examples
from tombola.properties._told import told_and_true
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Agreement(PairProperty):
    """How alike two networks answer."""

    batch: int = option(256, "images a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        instead = "write measure: [mean_iou], or --property mean_iou"
        require_answers(task, Classes, "agreement is of first choices among classes", instead)

    def compare(self, model: Network, dense: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        self.check(task)
        examples = labelled(test_examples(task, None), task)
        told, right = told_and_true(model, task, self.batch, session)
        wanted, _ = told_and_true(dense, task, self.batch, session)
        alike = outcomes((told == wanted).double(), examples)
        return [
            _share("agreement", told == wanted, "higher", alike),
            _share("negative_flips", (told != right) & (wanted == right), "lower"),
            _share("positive_flips", (told == right) & (wanted != right), "higher"),
        ]


def _share(metric: str, where: Tensor, better: str, outcomes: str = "") -> Measurement:
    value = 100 * where.double().mean().item()
    return Measurement(metric, value, len(where), "%", better, outcomes=outcomes)  # type: ignore[arg-type]  # a literal
