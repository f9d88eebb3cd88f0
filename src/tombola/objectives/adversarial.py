"""Adversarial training: the mean loss on images an attack has just made against the model.

What: min over weights of the criterion's mean at the attack's images; no clean term. The model trains in the mode it
    is given in; the attack decides how batch norm behaves while crafting (eval by default).
When: Robust pretraining, A-IMP, adversarial finetuning.
Cost: A natural step plus the attack: about eight natural steps with the default PGD-10.
Options: attack (default PGD-10, linf 8/255, step 2/255, random start).
Reference: Madry et al., ICLR 2018, arXiv 1706.06083; A-IMP: Fu et al., DAC 2023, arXiv 2304.11834, equation 1.
"""

from typing import ClassVar

import torch
from torch import nn

from tombola.attacks._base import Attack, Criterion
from tombola.attacks.pgd import PGD
from tombola.batch import Batch
from tombola.models.beside import bounds_of, continuous
from tombola.objectives._base import Found, Objective, Progress
from tombola.registry import Examples
from tombola.spec import option


class Adversarial(Objective):
    """The mean loss on images an attack made against the model as it now is."""

    EXAMPLES: ClassVar[Examples] = ({"attack": {"name": "pgd", "steps": 3}}, {"attack": "fgsm"})

    attack: Attack = option(PGD(), "the attack trained against: a name, or a mapping with a name and options")

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        net, x = continuous(model, batch)
        bounds, targets = bounds_of(model), batch.targets
        outputs = net(self.attack.perturb(net, x, targets, criterion, bounds=bounds, generator=generator))
        return Found(criterion(outputs, targets).mean(), outputs)

    def passes(self, classes: int, *, body: bool = True) -> float | None:
        crafting = self.attack.passes(classes)
        return None if crafting is None else crafting + (3 if body else 1)
