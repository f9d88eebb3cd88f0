"""Headline: what a task's own metric says on the test split, whatever it asks for.

What: the metric of the task over all its test samples: the mean score of classifiers (accuracy, as a share), average
    precision where boxes are asked for. The model is in eval mode and in float32. The row bears the metric's name.
When: tasks that are not told right or wrong one by one, such as detection, and tasks of your own.
Cost: one forward pass over the test split.
Options: batch (not part of the identity).
Reference: that of the metric.
"""

import math
from typing import final

from torch import Tensor

from tombola.batch import Batch
from tombola.errors import DataError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import each_batch, test_examples
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Headline(Property):
    """The task's own metric."""

    batch: int = option(256, "samples a forward pass", identity=False, ge=1)

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        device, examples, metric = device_of(session.device), test_examples(task, None), task.metric()

        def taken(shown: Batch, outputs: Tensor) -> None:
            metric.update(outputs.float(), shown.targets)

        each_batch(model, examples, self.batch, device, taken)
        value = metric.compute()
        if math.isnan(value):
            raise DataError(f"headline: the test split of {task.name} holds nothing that {metric.NAME} can be taken of")
        return [Measurement(metric.NAME, value, len(examples))]
