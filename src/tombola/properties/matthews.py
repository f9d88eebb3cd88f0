"""Matthews' correlation: how well classes and answers go together, where one class is far more frequent.

What: the correlation coefficient between the test samples' classes and the answers, of two classes or more: 1 for a
    model that is always right, 0 for one that answers by luck or always alike, below 0 for one wrong more often.
When: classes of unequal size: the metric of CoLA.
Cost: one forward pass over the test split.
Options: batch (not part of the identity).
Reference: Matthews, 1975; Gorodkin, 2004 (more than two classes); scikit-learn's matthews_corrcoef.
"""

from typing import final

from tombola.answers import Classes
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import require_answers
from tombola.properties._told import told_and_true
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Matthews(Property):
    """Correlation of classes and answers."""

    batch: int = option(256, "samples a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        require_answers(task, Classes, "matthews is of samples told as one of several classes", "leave it out")

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        from sklearn.metrics import matthews_corrcoef

        self.check(task)
        told, true = told_and_true(model, task, self.batch, session)
        return [Measurement("matthews", float(matthews_corrcoef(true.numpy(), told.numpy())), len(true))]
