"""Finetuning: every surviving weight and a fresh head are trained on the task.

What: the whole network is trained on the task from the ticket's weights, with a fresh head and the masks in force.
When: there are labels enough to move the body; the papers' first way of judging a ticket.
Cost: a full training.
Options: fit.
Reference: Fu et al., DAC 2023 (the default recipe, dac); Chen et al., CVPR 2021 and ICML 2022.
"""

from typing import ClassVar

from tombola.data._counts import Counts
from tombola.fitting.cost import fit_passes
from tombola.fitting.fit import Fit
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.head_masks import without_head
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import Json, option
from tombola.tasks._base import Task
from tombola.transfers._trained import Trained


class Finetune(Trained):
    """All weights that are kept may change."""

    EXAMPLES: ClassVar[Examples] = ({"fit": {"epochs": "10ep", "batch": 10, "optimizer": {"lr": 0.1}}},)

    fit: Fit = option("dac", "how to train: options, or the name of a recipe", validate_default=True)

    def identity(self) -> dict[str, Json]:
        return {**super().identity(), "fit": self.fit.identity_under_masks()}

    def passes(self, counts: Counts) -> float | None:
        return fit_passes(self.fit, counts)

    def adapt(self, model: Network, masks: Masks, task: Task, *, seed: int, session: Session) -> Network:
        headed = task.head(model, generator=generator(seed, "head"))
        return self.fit.run(headed, task, masks=without_head(masks, headed), seed=seed, session=session)
