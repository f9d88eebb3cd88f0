"""Accuracy: the task's headline score on the test split.

What: The mean of the task's scores over all test images, in per cent, with the model in eval mode and in float32.
When: The clean number of every study.
Cost: One forward pass over the test split.
Options: batch (not part of the identity).
Reference: top-1 accuracy for classification.
"""

from torch import Tensor

from tombola.data._base import Images
from tombola.errors import RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import image_scores, outcomes, test_images
from tombola.spec import option
from tombola.tasks._base import Task


class Accuracy(Property):
    """The share of test images told right."""

    batch: int = option(256, "images a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        if task.ANSWERS != "an image":
            raise RequestError(
                f"accuracy is the share of images told right, and {task.name} has a target {task.ANSWERS};"
                " write measure: [mean_iou], or --property mean_iou"
            )

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        self.check(task)
        images = test_images(task, None)
        scores = image_scores(model, task, images, self.batch, device_of(session.device))
        return [of_scores(scores, images)]


def of_scores(scores: Tensor, images: Images) -> Measurement:
    """The mean of one score an image, in the images' order."""
    value = 100 * scores.sum().item() / len(images)
    return Measurement("accuracy", value, len(images), "%", outcomes=outcomes(scores, images))
