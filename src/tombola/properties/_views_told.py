"""The vectors that a net gives for the two views of each test image, of length one."""

import torch
from torch import Tensor

from tombola.answers import Vectors
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Property
from tombola.properties._test_images import each_batch, require_answers, test_examples
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.tasks._pairs import pairs, unit


class OfViews(Property):
    """A property of the vectors of a test split's views."""

    batch: int = option(256, "views a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        require_answers(
            task,
            Vectors,
            f"{self.name} is of vectors of two views",
            "write measure: [accuracy], or --property accuracy",
        )

    def vectors(self, model: Network, task: Task, session: Session) -> tuple[Tensor, Tensor]:
        """Of all first views and of all second ones, (N, D) each, of images in order; the model in eval mode."""
        self.check(task)
        examples, device = test_examples(task, None), device_of(session.device)
        found = each_batch(
            model, examples, self.batch, device, lambda shown, outputs: (unit(outputs).cpu(), shown.targets.cpu())
        )
        vectors, targets = (torch.cat(parts) for parts in zip(*found, strict=True))
        first, second = pairs(targets).T
        assert torch.equal(targets[first], targets[second]), "each image is seen twice"
        return vectors[first], vectors[second]
