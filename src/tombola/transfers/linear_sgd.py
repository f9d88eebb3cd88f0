"""Linear evaluation by SGD: the field's usual protocol, a head trained through the frozen body.

What: linear evaluation by the field's usual protocol: a new head is trained by SGD through the frozen body.
When: numbers must be comparable with published ones that did it so, or ``bn=adapt`` is asked for; else ``linear`` is
   faster by orders and its optimum does not depend on a learning rate.
Cost: a forward pass over every augmented image at each epoch.
Options: fit; bn (frozen: the ticket's statistics; recalibrated: taken anew from the task's training images first;
   adapt: batch statistics while the head trains, and running ones that drift to the task, as in Salman et al.).
Reference: Salman et al., NeurIPS 2020, code (fixed features, with bn=adapt); Fu et al., DAC 2023.
"""

from typing import ClassVar, Literal

from tombola.data._counts import Counts
from tombola.fitting.cost import fit_passes
from tombola.fitting.devices import device_of
from tombola.fitting.fit import Fit
from tombola.fitting.recalibrate import recalibrated
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.head_masks import without_head
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.transfers._trained import Trained


class LinearSGD(Trained):
    """Only the head is trained; the body's weights stay bit for bit."""

    EXAMPLES: ClassVar[Examples] = (
        {"bn": "recalibrated", "fit": {"epochs": "10ep", "batch": 10, "optimizer": {"lr": 0.5}}},
    )

    bn: Literal["frozen", "recalibrated", "adapt"] = option("frozen", "batch norm: as it is, taken anew, or drifting")
    fit: Fit = option("salman", "how to train the head: options, or the name of a recipe", validate_default=True)

    def passes(self, counts: Counts) -> float | None:
        found = fit_passes(self.fit, counts, parameters="head")
        return None if found is None else found + (counts.train if self.bn == "recalibrated" else 0)

    def adapt(self, model: Network, masks: Masks, task: Task, *, seed: int, session: Session) -> Network:
        headed = task.head(model, generator=generator(seed, "head"))
        masks = without_head(masks, headed)
        apply_masks(headed.body, masks)
        if self.bn == "recalibrated":
            headed = recalibrated(headed, task.splits().train, seed=seed, device=device_of(session.device)).to("cpu")
        fit = self.fit.replace(bn="train" if self.bn == "adapt" else "frozen")
        return fit.run(headed, task, masks=masks, seed=seed, session=session, parameters="head")
