"""Prototypes: every class is the mean of its features, and what is nearest is what it is; nothing is trained.

What: the body is frozen, features are computed once, and the head is written down: a Gaussian of one width around each
  class's mean, which is a linear layer of weights mean / variance. Classes count alike, however many images each has.
When: a handful of labels a class, or an answer at once: there is nothing to choose and no step to take.
Cost: one forward pass over the training images.
Options: ``sharpness``, what the logits are multiplied by: it changes how sure answers are, not which come first.
Reference: Snell et al., "Prototypical Networks for Few-shot Learning", NeurIPS 2017, arXiv 1703.05175.
"""

from typing import ClassVar, final

import torch
from torch import Tensor, nn

from tombola.answers import Classes
from tombola.data._base import Labelled
from tombola.data._counts import Counts
from tombola.errors import ModelError, RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.head_masks import without_head
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.transfers._base import Transfer
from tombola.transfers._features import features_of


def nearest_mean(values: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Weights (classes, F) and biases whose logits are less by the squared distance to a class's mean, in its widths.

    A class without a sample is never the answer before others: its mean is that of all.

    >>> weight, bias = nearest_mean(torch.tensor([[0.0], [2.0], [8.0], [10.0]]), torch.tensor([0, 0, 1, 1]), 2)
    >>> (weight @ torch.tensor([4.9]) + bias).argmax().item(), (weight @ torch.tensor([5.1]) + bias).argmax().item()
    (0, 1)
    """
    of_class = nn.functional.one_hot(labels, classes).to(values.dtype)
    counts = of_class.sum(0)[:, None]
    means = torch.where(counts > 0, of_class.T @ values / counts.clamp_min(1), values.mean(0))
    width = (values - means[labels]).square().mean().clamp_min(torch.finfo(values.dtype).eps)
    return means / width, -means.square().sum(1) / (2 * width)


@final
class Prototypes(Transfer):
    """Only the head is new, and it is not trained."""

    EXAMPLES: ClassVar[Examples] = ({}, {"sharpness": 0.5})

    sharpness: float = option(1.0, "what the logits are multiplied by", gt=0)

    def check(self, task: Task) -> None:
        if not issubclass(task.ANSWERS, Classes):
            raise RequestError(
                f"transfer prototypes has a mean a class of samples, and {task.name} has one {task.ANSWERS.WHAT};"
                " write transfer: finetune"
            )

    def passes(self, counts: Counts) -> float:
        return counts.train

    @torch.no_grad()
    def adapt(self, model: Network, masks: Masks, task: Task, *, seed: int, session: Session) -> Network:
        self.check(task)
        train = task.splits().train
        if not isinstance(train, Labelled):
            raise RequestError(f"transfer prototypes needs labels, and {task.name} has none; write transfer: finetune")
        adapted = task.head(model, generator=generator(seed, "head"))
        apply_masks(adapted.body, without_head(masks, adapted))
        found = features_of(adapted, train, device=device_of(session.device), reporter=session.reporter)
        weight, bias = nearest_mean(found.values, found.labels, task.answers.outputs)
        if not isinstance(adapted.head, nn.Linear) or adapted.head.bias is None:
            raise ModelError(f"prototypes writes a Linear head with a bias, not a {type(adapted.head).__name__}")
        adapted.head.weight.copy_(self.sharpness * weight)
        adapted.head.bias.copy_(self.sharpness * bias)
        adapted.to(device="cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # torch's stub
        return adapted.eval()
