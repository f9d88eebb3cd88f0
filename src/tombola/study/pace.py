"""How fast this machine trains a study's net, for a plan that speaks of minutes: a moment of steps on noise.

Nothing is loaded or downloaded: weights, images and texts are random.
"""

from dataclasses import dataclass
from time import perf_counter
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from tombola.errors import TombolaError
from tombola.fitting.devices import device_of
from tombola.fitting.fit import Fit
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.study.experiment import Experiment
from tombola.study.macs import forward_macs, parameters_of, text_macs
from tombola.study.meter import Meter
from tombola.study.plan import Plan
from tombola.study.runners._base import torch_threads

MOMENT: Final = 0.6
"""Seconds that are timed; half of them only warm up."""
MOST: Final = 16 * 224**2
"""Pixels of a step, at most: of large images fewer tell the same, and a step must not be longer than the moment."""
MOST_FLOPS: Final = 3e10
"""Operations of a step of texts, at most, one text at least: the same bound where a sample's size says little."""
MOST_PARAMETERS: Final = 400_000_000
"""Of a net of texts: a plan must not fill the memory with a large one's random weights."""
_PASSES: Final = 3
"""Of a training step: forward once, backward twice as much."""


@dataclass(frozen=True)
class Pace:
    """Operations a second, and what was timed."""

    flops: float
    timed: str

    def seconds(self, flops: float) -> float:
        """For so many operations."""
        return flops / self.flops


def pace_of(plan: Plan, threads: int = 1) -> Pace | None:
    """Of the first cell's net, on samples as large as its target's; None where that cannot be known beforehand."""
    experiment = plan.cells[0].cell.experiment
    net, batch = experiment.prior, _batch(experiment)
    try:
        counts = Meter().counts(experiment.target)
        if counts.tokens is not None:
            return timed_on_texts(net, counts.tokens, counts.classes, batch, threads)
        return timed(net, counts.pixels, counts.classes, batch, threads)
    except TombolaError:  # the estimate says why
        return None


def timed(model: Source, pixels: int, classes: int, batch: int, threads: int = 1) -> Pace:
    """Steps of training with plain gradient descent, for a moment; at least one more than warms up.

    Of ``batch`` images, or of as many as have `MOST` pixels.
    """
    batch = min(batch, max(1, MOST // pixels**2))
    network = Source(name=model.bare, width=model.width).load(num_classes=classes)
    macs = forward_macs(model.bare, pixels, classes, width=model.width)
    rate = _steps_a_second(network, torch.rand(batch, 3, pixels, pixels), threads)
    return Pace(_flops(macs) * batch * rate, f"{model.bare}, {batch} images of {pixels} pixels a step")


def timed_on_texts(model: Source, tokens: int, classes: int, batch: int, threads: int = 1) -> Pace | None:
    """The same of texts of so many tokens, none filled up, so many a step as `MOST_FLOPS` allow.

    None of a net with more than `MOST_PARAMETERS`, whose weights are not made.
    """
    if parameters_of(model.bare, model.options) > MOST_PARAMETERS:
        return None
    classes = max(2, classes)  # of masked words as of two kinds: the estimate counts that head with its words
    macs = text_macs(model.bare, model.options, tokens, classes)
    batch = min(batch, max(1, int(MOST_FLOPS / _flops(macs))))
    network = Source(name=model.bare, options=model.options).load(num_classes=classes)
    rate = _steps_a_second(network, torch.ones(batch, tokens, dtype=torch.int64), threads)
    return Pace(_flops(macs) * batch * rate, f"{model.bare}, {batch} texts of {tokens} tokens a step")


def _flops(macs: int) -> float:
    """Of a training step with one sample."""
    return 2.0 * macs * _PASSES


def _steps_a_second(network: Network, x: Tensor, threads: int) -> float:
    device = device_of("auto")
    network, x = network.to(device).train(), x.to(device)
    labels = torch.zeros(len(x), dtype=torch.int64, device=device)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    with torch_threads(threads):
        steps, spent, begun = 0, 0.0, perf_counter()
        while steps == 0 or perf_counter() - begun < MOMENT:
            before = perf_counter()
            loss = F.cross_entropy(network(x), labels)
            torch.autograd.grad(loss, weights, allow_unused=True)  # a pooler, where the mean is read
            loss.item()  # which waits for a GPU
            if perf_counter() - begun > MOMENT / 2:  # before, it warms up
                steps, spent = steps + 1, spent + perf_counter() - before
    return steps / spent


def _batch(experiment: Experiment) -> int:
    """Samples a step, of the training that is the longest."""
    fit = experiment.pretrain or getattr(experiment.transfer, "fit", None)
    return fit.batch if isinstance(fit, Fit) else 64


def in_words(seconds: float) -> str:
    """A length of time, two figures at most where they are few.

    >>> [in_words(seconds) for seconds in (0, 0.3, 42, 100, 3700, 200_000)]
    ['0 s', 'under 1 s', '42 s', '1.7 min', '62 min', '56 h']
    """
    if seconds < 1:
        return "under 1 s" if seconds else "0 s"
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 1.5 * length:
            count = seconds / length
            return f"{count:.1f} {unit}" if count < 10 else f"{count:,.0f} {unit}"
    return f"{seconds:.0f} s"
