"""Retraining: a network that answers the task already is trained further, its head and all.

What: as finetune, but the head that the network brings goes on, its outputs put in the task's order. A network that
    was not adapted to the task's classes gets a fresh head, as there.
When: a dense network was adapted first, and the ticket is drawn from it: what it learned of the task is not learned
    again.
Cost: a full training, though a short one will do.
Options: fit.
Reference: Zhu & Gupta, arXiv 1710.01878, prune networks that are trained; Sanh et al., NeurIPS 2020, finetuned ones.
"""

from tombola.fitting.seeds import generator
from tombola.models.classes import in_order_of
from tombola.models.network import Network
from tombola.tasks._base import Task
from tombola.transfers._trained import TrainedWhole


class Retrain(TrainedWhole):
    """All weights that are kept may change, and the head is not a new one."""

    def headed(self, model: Network, task: Task, *, seed: int) -> Network:
        """The model with its own head where that was adapted to the task's classes, else with a fresh one."""
        classes = task.splits().classes
        told = () if model.adapted is None else model.adapted.classes
        if task.fits(model) and told and sorted(told) == sorted(classes):
            return in_order_of(model, classes)
        return task.head(model, generator=generator(seed, "head"))
