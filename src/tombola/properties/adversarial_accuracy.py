"""Adversarial accuracy: the task's headline score on images an attack has made against the model.

What: Each test image the model tells right is attacked; those it already tells wrong count as lost without an attack.
    The clean accuracy on the same images comes along, and the whole budget stands in every row.
When: The robustness number of every study. An attack gives an upper bound: a stronger one can only lower it.
Cost: With the default PGD-20, about 21 forward and 20 backward passes over the images told right.
Options: attack (default PGD-20, linf 8/255, step 2/255, one start, last iterate), samples, batch.
Reference: Madry et al., ICLR 2018, arXiv 1706.06083.
"""

import torch
from torch import Tensor

from tombola.attacks._base import Attack
from tombola.attacks._crafting import crafting
from tombola.attacks.pgd import PGD
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import in_order, ready, test_images
from tombola.spec import option
from tombola.tasks._base import Task

BOUNDS = (0.0, 1.0)  # where images live


class AdversarialAccuracy(Property):
    """The share of test images still told right after an attack."""

    attack: Attack = option(PGD(steps=20, step=2 / 255), "the attack: a name, or a mapping with a name and options")
    samples: int | None = option(None, "how many of the first test images; empty: all", ge=1)
    batch: int = option(128, "images attacked at a time", identity=False, ge=1)

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        device = device_of(session.device)
        images = test_images(task, self.samples)
        network = ready(model, device)
        generator = torch.Generator().manual_seed(seed)
        clean = robust = 0.0
        with crafting(network, "eval"), torch.no_grad():
            for x, targets in in_order(images, self.batch, device):
                before, after = self._scores(network, task, x, targets, generator)
                clean += before.double().sum().item()
                robust += after.double().sum().item()
        count, detail = len(images), self.attack.budget()
        return [
            Measurement("adversarial_accuracy", 100 * robust / count, count, unit="%", detail=detail),
            Measurement("clean_accuracy", 100 * clean / count, count, unit="%", detail=detail),
        ]

    def _scores(
        self, network: Network, task: Task, x: Tensor, targets: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """One score a sample before and after the attack; a sample with nothing to lose is not attacked."""
        before = task.scores(network(x), targets)
        standing = before > 0
        after = torch.zeros_like(before)
        if bool(standing.any()):
            adversarial = self.attack.perturb(
                network, x[standing], targets[standing], task.losses, bounds=BOUNDS, generator=generator
            )
            after[standing] = task.scores(network(adversarial), targets[standing])
        return before, after
