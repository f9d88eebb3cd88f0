"""Which class each test sample was told as, and which it is."""

import torch
from torch import Tensor

from tombola.attacks._crafting import crafting
from tombola.data._loading import batches
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._test_images import answers, labelled, ready, test_examples
from tombola.tasks._base import Task


def told_and_true(model: Network, task: Task, batch: int, session: Session) -> tuple[Tensor, Tensor]:
    """The class of the largest output and the label, (N,) each, in the test split's order; the model in eval mode."""
    examples, device = labelled(test_examples(task, None), task), device_of(session.device)
    network = ready(model, device)
    with crafting(network, "eval"), torch.no_grad():
        told = [answers(network, shown).argmax(1).cpu() for shown in batches(examples, batch, device=device)]
    return torch.cat(told), examples.labels.cpu()
