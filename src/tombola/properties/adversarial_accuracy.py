"""Adversarial accuracy: the task's headline score on images an attack has made against the model.

What: Each test image the model tells right is attacked; those it already tells wrong count as lost without an attack.
    The clean accuracy on the same images comes along, for an attack of several parts also the share of images that
    each part broke, and the whole budget stands in every row.
When: The robustness number of every study. An attack gives an upper bound: a stronger one can only lower it.
Cost: With the default PGD-20, about 21 forward and 20 backward passes over the images told right.
Options: attack (default PGD-20, linf 8/255, step 2/255, one start, last iterate), samples, batch.
Reference: Madry et al., ICLR 2018, arXiv 1706.06083.
"""

import warnings
from typing import ClassVar

import torch
from torch import Tensor

from tombola.answers import Boxes
from tombola.attacks._base import Attack, Tally
from tombola.attacks._crafting import crafting
from tombola.attacks._flags import probabilities
from tombola.attacks.pgd import PGD
from tombola.batch import Batch
from tombola.data._base import Examples as Samples
from tombola.data._counts import Counts
from tombola.data._loading import batches
from tombola.errors import RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.beside import bounds_of, continuous
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._test_images import answers, ready, test_examples, without_nan
from tombola.properties._test_images import outcomes as told
from tombola.registry import Examples
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task

_SOFT = "probabilities: all outputs lie in [0, 1] and sum to 1; give logits: leave out the softmax at the model's end"


class AdversarialAccuracy(Property):
    """The share of test images still told right after an attack."""

    EXAMPLES: ClassVar[Examples] = ({"attack": {"name": "pgd", "steps": 2}},)

    attack: Attack = option(PGD(steps=20, step=2 / 255), "the attack: a name, or a mapping with a name and options")
    samples: int | None = option(None, "how many of the first test images; empty: all", ge=1)
    batch: int = option(128, "images attacked at a time", identity=False, ge=1)

    def check(self, task: Task) -> None:
        if issubclass(task.ANSWERS, Boxes):
            raise RequestError(
                f"adversarial_accuracy is of samples told right or wrong, and {task.name} has any number of boxes a"
                " sample: what an attack makes of those is not claimed here; write average_precision (attacks may still"
                " be trained against: fit.objective=adversarial moves the images to raise the loss)"
            )

    def passes(self, counts: Counts) -> float | None:
        """As if every image were told right and stood to the end: a weak model costs less."""
        attack = self.attack.passes(counts.classes)
        return None if attack is None else (2 + attack) * min(counts.test, self.samples or counts.test)

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        self.check(task)
        device = device_of(session.device)
        examples = test_examples(task, self.samples)
        network = ready(model, device)
        generator = torch.Generator().manual_seed(seed)
        tally, scores, soft = Tally(), [], True
        with crafting(network, "eval"), torch.no_grad():
            for shown in batches(examples, self.batch, device=device):
                outputs = answers(network, shown)
                soft = soft and bool(probabilities(outputs).all())
                before = task.scores(outputs, shown.targets)
                after, seen = self._after(network, task, shown, before, generator)
                tally += seen
                scores.append(torch.stack((before, after)).double().cpu())
        detail = {**self.attack.budget(), **self._remarks(tally, len(examples), soft)}
        return [*_accuracies(torch.cat(scores, dim=1), examples, detail), *_broken(tally, len(examples), detail)]

    def _after(
        self, network: Network, task: Task, shown: Batch, before: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tally]:
        """One score a sample after the attack, and its tally; what has nothing to lose is not attacked."""
        standing = before > 0
        after, tally = torch.zeros_like(before), Tally()
        if bool(standing.any()):
            left = shown.part(standing)
            net, x = continuous(network, left)
            adversarial, tally = self.attack.tallied(
                net, x, left.targets, task.losses, bounds=bounds_of(network), generator=generator
            )
            after[standing] = task.scores(without_nan(network, net(adversarial)), left.targets)
        return after, tally

    def _remarks(self, tally: Tally, samples: int, soft: bool) -> dict[str, Scalar]:
        """The attack's own, and for those that look at no flags the one flag that spoils every attack."""
        found = self.attack.remarks(tally, samples)
        if soft and not found.get("flags"):
            warnings.warn(_SOFT, stacklevel=3)
            found = {**found, "flags": _SOFT}
        return found


def _accuracies(scores: Tensor, examples: Samples, detail: dict[str, Scalar]) -> list[Measurement]:
    """The headline and the clean accuracy, of scores (2, N) before and after."""
    named = (("adversarial_accuracy", scores[1]), ("clean_accuracy", scores[0]))
    count = len(examples)
    return [
        Measurement(name, 100 * each.sum().item() / count, count, "%", "higher", detail, told(each, examples))
        for name, each in named
    ]


def _broken(tally: Tally, count: int, detail: dict[str, Scalar]) -> list[Measurement]:
    """The share of the images that each part of the attack broke."""
    return [
        Measurement(f"broken_by_{name}", 100 * lost / count, count, "%", "neither", detail)
        for name, lost in tally.broken.items()
    ]
