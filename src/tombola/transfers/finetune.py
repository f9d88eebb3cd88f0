"""Finetuning: every surviving weight and a fresh head are trained on the task.

What: the whole network is trained on the task from the ticket's weights, with a fresh head and the masks in force.
When: there are labels enough to move the body; the papers' first way of judging a ticket.
Cost: a full training.
Options: fit.
Reference: Fu et al., DAC 2023 (the default recipe, dac); Chen et al., CVPR 2021 and ICML 2022.
"""

from tombola.fitting.seeds import generator
from tombola.models.network import Network
from tombola.tasks._base import Task
from tombola.transfers._trained import TrainedWhole


class Finetune(TrainedWhole):
    """All weights that are kept may change."""

    def headed(self, model: Network, task: Task, *, seed: int) -> Network:
        return task.head(model, generator=generator(seed, "head"))
