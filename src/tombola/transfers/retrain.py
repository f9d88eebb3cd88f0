"""Retraining: a network that answers the task already is trained further, its head and all.

What: as finetune, but the head that the network brings goes on, its outputs put in the task's order. A network that
    was not adapted to the task's classes gets a fresh head, as there.
When: a dense network was adapted first, and the ticket is drawn from it: what it learned of the task is not learned
    again.
Cost: a full training, though a short one will do.
Options: fit.
Reference: Zhu & Gupta, arXiv 1710.01878, prune networks that are trained; Sanh et al., NeurIPS 2020, finetuned ones.
"""

from typing import ClassVar

from tombola.data._counts import Counts
from tombola.fitting.cost import fit_passes
from tombola.fitting.fit import Fit
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.classes import in_order_of
from tombola.models.head_masks import without_head
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import Json, option
from tombola.tasks._base import Task
from tombola.transfers._trained import Trained


class Retrain(Trained):
    """All weights that are kept may change, and the head is not a new one."""

    EXAMPLES: ClassVar[Examples] = ({"fit": {"epochs": "10ep", "batch": 10, "optimizer": {"lr": 0.1}}},)

    fit: Fit = option("dac", "how to train: options, or the name of a recipe", validate_default=True)

    def identity(self) -> dict[str, Json]:
        return {**super().identity(), "fit": self.fit.identity_under_masks()}

    def passes(self, counts: Counts) -> float | None:
        return fit_passes(self.fit, counts)

    def adapt(self, model: Network, masks: Masks, task: Task, *, seed: int, session: Session) -> Network:
        headed = _headed(model, task, seed)
        return self.fit.run(headed, task, masks=without_head(masks, headed), seed=seed, session=session)


def _headed(model: Network, task: Task, seed: int) -> Network:
    """The model with its own head where that was adapted to the task's classes, else with a fresh one."""
    classes = task.splits().classes
    told = () if model.adapted is None else model.adapted.classes
    if task.fits(model) and told and sorted(told) == sorted(classes):
        return in_order_of(model, classes)
    return task.head(model, generator=generator(seed, "head"))
