"""Linear evaluation: a frozen body and the best linear classifier on its features.

What: linear evaluation. The body is frozen, features are computed once without augmentation, and the best linear
   classifier on them is found as a convex problem: logistic regression with an L2 penalty on standardised features,
   solved to convergence, its strength chosen on the validation split. The scaling is folded into the head.
When: the question is what the ticket's features are worth, or labels are few; the default.
Cost: one forward pass over the images and seconds of solving.
Options: bn (frozen: the ticket's batch-norm statistics; recalibrated: taken anew from the task's training images),
   strengths (the penalties tried), refit (on train, or on train and validation together).
Reference: Fu et al., DAC 2023 (linear evaluation); Kornblith et al., CVPR 2019 (L-BFGS on features).
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import model_validator
from torch import Tensor, nn

from tombola.answers import Classes
from tombola.data._base import Labelled
from tombola.data._counts import Counts
from tombola.errors import ModelError, RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.recalibrate import recalibrated
from tombola.fitting.seeds import generator
from tombola.fitting.session import Reporter, Session
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.head_masks import without_head
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.transfers._base import Transfer
from tombola.transfers._features import Features, features_of
from tombola.transfers._logistic import Solution, joined, solved


class Linear(Transfer):
    """Only the head is new; the body's weights stay bit for bit."""

    EXAMPLES: ClassVar[Examples] = ({}, {"bn": "recalibrated"})

    bn: Literal["frozen", "recalibrated"] = option("frozen", "batch-norm statistics: as they are, or taken anew")
    strengths: tuple[float, ...] = option(
        (1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5), "L2 penalties tried on the validation split, strongest first", min_length=1
    )
    refit: Literal["train", "train+val"] = option("train", "what the chosen penalty's classifier is fitted on")

    @model_validator(mode="before")
    @classmethod
    def _explain_adapt(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("bn") == "adapt":
            raise ValueError(
                "bn='adapt' lets statistics drift while the head trains, and here nothing is trained in steps;"
                " write the transfer linear_sgd, or bn=recalibrated"
            )
        return values

    def check(self, task: Task) -> None:
        if not issubclass(task.ANSWERS, Classes):
            raise RequestError(
                f"transfer linear solves for one label a sample, and {task.name} has one {task.ANSWERS.WHAT};"
                " write transfer: linear_sgd (a head trained by SGD on the frozen body), or finetune"
            )

    def passes(self, counts: Counts) -> float:
        """Features once; solving for the head costs seconds of a processor and is not counted."""
        return counts.train * (2 if self.bn == "recalibrated" else 1) + counts.val

    def adapt(self, model: Network, masks: Masks, task: Task, *, seed: int, session: Session) -> Network:
        self.check(task)
        device = device_of(session.device)
        adapted = task.head(model, generator=generator(seed, "head"))
        apply_masks(adapted.body, without_head(masks, adapted))
        if self.bn == "recalibrated":
            adapted = recalibrated(adapted, task.splits().train, seed=seed, device=device)
        told = session.reporter
        train, val = (
            features_of(adapted, images, device=device, reporter=told, title=f"features of the {split} images")
            for split, images in zip(("training", "validation"), _two(task), strict=True)
        )
        solution = self._solution(train, val, task, told)
        _write_head(adapted.head, solution)
        adapted.to(device="cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # torch's stub
        return adapted.eval()

    def _solution(self, train: Features, val: Features, task: Task, told: Reporter) -> Solution:
        outputs = task.answers.outputs
        best = solved(train, val, task, outputs, self.strengths, told)
        if self.refit == "train" or len(val) == 0:
            return best
        return solved(joined(train, val), val, task, outputs, (best.strength,))


def _two(task: Task) -> tuple[Labelled, Labelled]:
    splits = task.splits()
    if not isinstance(splits.train, Labelled) or not isinstance(splits.val, Labelled):
        raise RequestError(f"transfer linear solves for labels, and {task.name} has none; write transfer: finetune")
    return splits.train, splits.val


@torch.no_grad()
def _write_head(head: nn.Module, solution: Solution) -> None:
    if not isinstance(head, nn.Linear) or head.bias is None:
        raise ModelError(
            f"the task's head is a {type(head).__name__}; linear evaluation needs a Linear layer with a bias"
        )
    weight: Tensor = solution.weight
    head.weight.copy_(weight)
    head.bias.copy_(solution.bias)
