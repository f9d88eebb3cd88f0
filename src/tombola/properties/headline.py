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

import torch

from tombola.attacks._crafting import crafting
from tombola.data._loading import batches
from tombola.errors import DataError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import answers, ready, test_examples
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Headline(Property):
    """The task's own metric."""

    batch: int = option(256, "samples a forward pass", identity=False, ge=1)

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        device, examples, metric = device_of(session.device), test_examples(task, None), task.metric()
        network = ready(model, device)
        with crafting(network, "eval"), torch.no_grad():
            for shown in batches(examples, self.batch, device=device):
                metric.update(answers(network, shown).float(), shown.targets)
        value = metric.compute()
        if math.isnan(value):
            raise DataError(f"headline: the test split of {task.name} holds nothing that {metric.NAME} can be taken of")
        return [Measurement(metric.NAME, value, len(examples))]
