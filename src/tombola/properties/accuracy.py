"""Accuracy: the task's headline score on the test split.

What: The mean of the task's scores over the test samples, all or the first so many, in per cent, with the model in eval
    mode and in float32.
When: The clean number of every study.
Cost: One forward pass over the test split.
Options: samples, batch (not part of the identity).
Reference: top-1 accuracy for classification.
"""

from torch import Tensor

from tombola.answers import Answers, Boxes, Classes, Number, Span, Tokens, Vectors
from tombola.data._base import Examples
from tombola.data._counts import Counts
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import image_scores, outcomes, require_answers, test_examples
from tombola.spec import option
from tombola.tasks._base import Task


class Accuracy(Property):
    """The share of test samples told right."""

    samples: int | None = option(None, "how many of the first test samples; empty: all", absent=None, ge=1)
    batch: int = option(256, "images a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        others: dict[type[Answers], str] = {
            Boxes: "average_precision",
            Vectors: "headline",
            Tokens: "perplexity",
            Span: "answer_f1",
            Number: "pearson",
        }
        name = next((name for kind, name in others.items() if issubclass(task.ANSWERS, kind)), "mean_iou")
        instead = f"write measure: [{name}], or --property {name}"
        require_answers(task, Classes, "accuracy is the share of samples told right", instead)

    def passes(self, counts: Counts) -> float:
        return min(counts.test, self.samples or counts.test)

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        self.check(task)
        examples = test_examples(task, self.samples)
        scores = image_scores(model, task, examples, self.batch, device_of(session.device))
        return [of_scores(scores, examples)]


def of_scores(scores: Tensor, examples: Examples) -> Measurement:
    """The mean of one score an example, in their order."""
    value = 100 * scores.sum().item() / len(examples)
    return Measurement("accuracy", value, len(examples), "%", outcomes=outcomes(scores, examples))
