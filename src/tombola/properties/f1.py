"""F1: how well one class is found: the harmonic mean of precision and recall.

What: of the samples told as the class how many are of it (precision), and of those of it how many were told so
    (recall); 2pr / (p + r) in per cent, 0 where none was found. Both stand in the detail.
When: one of two classes is what is looked for: the metric of MRPC.
Cost: one forward pass over the test split.
Options: ``positive``, the class looked for; batch (not part of the identity).
Reference: van Rijsbergen, 1979; scikit-learn's precision_recall_fscore_support.
"""

from typing import final

from tombola.answers import Classes
from tombola.errors import RequestError, near
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import require_answers
from tombola.properties._told import told_and_true
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task


@final
class F1(Property):
    """How well one class is found."""

    positive: str = option("", "the class looked for; empty: the last one, as in GLUE's sets")
    batch: int = option(256, "samples a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        require_answers(task, Classes, "f1 is of samples told as one of several classes", "leave it out")

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        from sklearn.metrics import precision_recall_fscore_support

        self.check(task)
        wanted = self._wanted(task)
        told, true = told_and_true(model, task, self.batch, session)
        precision, recall, f1, _ = precision_recall_fscore_support(
            true.numpy(), told.numpy(), labels=[wanted], zero_division=0.0
        )
        name = task.splits().classes[wanted]
        detail: dict[str, Scalar] = {"class": name, "precision": 100 * precision[0], "recall": 100 * recall[0]}
        return [Measurement("f1", float(100 * f1[0]), len(true), "%", detail=detail)]

    def _wanted(self, task: Task) -> int:
        classes = task.splits().classes
        if not self.positive:
            return len(classes) - 1
        if self.positive not in classes:
            known = ", ".join(classes[:20])
            raise RequestError(
                f"f1: no class {self.positive!r}{near(self.positive, classes)} in {task.name} (there are: {known})"
            )
        return classes.index(self.positive)
