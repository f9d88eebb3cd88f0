"""Which class each test sample was told as, and which it is."""

import torch
from torch import Tensor

from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._test_images import each_batch, labelled, test_examples
from tombola.tasks._base import Task


def told_and_true(model: Network, task: Task, batch: int, session: Session) -> tuple[Tensor, Tensor]:
    """The class of the largest output and the label, (N,) each, in the test split's order; the model in eval mode."""
    examples, device = labelled(test_examples(task, None), task), device_of(session.device)
    told = each_batch(model, examples, batch, device, lambda _, outputs: outputs.argmax(1).cpu())
    return torch.cat(told), examples.labels.cpu()
