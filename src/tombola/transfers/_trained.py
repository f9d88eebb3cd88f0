"""Transfers that train by a `Fit`, and so may learn from the dense network."""

import warnings
from abc import abstractmethod
from typing import ClassVar, Self, final

from tombola.data._counts import Counts
from tombola.fitting.cost import fit_passes
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.head_masks import without_head
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import Json, option
from tombola.tasks._base import Task
from tombola.tasks._texts import OfTexts
from tombola.transfers._base import Transfer


class Trained(Transfer):
    """What it learns from is its fit's to say."""

    fit: Fit = option(help="how to train: options, or the name of a recipe")

    def untaught(self) -> Self | None:
        fit = self.fit.untaught()
        return None if fit is None else self.replace(fit=fit)

    def taught(self, by: Network) -> Self:
        return self.replace(fit=self.fit.taught(by))


class TrainedWhole(Trained):
    """Every weight that is kept may change, under the head that a member says."""

    EXAMPLES: ClassVar[Examples] = ({"fit": {"epochs": "10ep", "batch": 10, "optimizer": {"lr": 0.1}}},)

    fit: Fit = option("dac", "how to train: options, or the name of a recipe", validate_default=True)

    @abstractmethod
    def headed(self, model: Network, task: Task, *, seed: int) -> Network:
        """A copy of the model with the head that is trained on the task."""

    @final
    def identity(self) -> dict[str, Json]:
        return {**super().identity(), "fit": self.fit.identity_under_masks()}

    @final
    def passes(self, counts: Counts) -> float | None:
        return fit_passes(self.fit, counts)

    @final
    def adapt(self, model: Network, masks: Masks, task: Task, *, seed: int, session: Session) -> Network:
        self._warn_of_texts(task)
        headed = self.headed(model, task, seed=seed)
        return self.fit.run(headed, task, masks=without_head(masks, headed), seed=seed, session=session)

    def _warn_of_texts(self, task: Task) -> None:
        """Where an encoder is trained as image nets are because nobody said how: it stays at chance."""
        if isinstance(task, OfTexts) and self.fit.optimizer in (Fit().optimizer, Fit(preset="dac").optimizer):
            warnings.warn(
                f"{task.name}: texts are trained by gradient descent at lr={self.fit.optimizer.lr:g}, the default for"
                f" images, which teaches an encoder nothing; write fit: {{preset: {task.PRESET}}}",
                stacklevel=3,
            )
