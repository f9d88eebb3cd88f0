"""What makes a robustness number doubtful, looked for before an attack and in what came of it.

Signs are counted image by image, so those of several batches add up; `flags` says which of them are raised.
"""

import warnings
from collections import Counter
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tombola.attacks._base import Tally
from tombola.attacks._losses import log_odds
from tombola.attacks._searching import logits_of
from tombola.errors import RequestError

TOO_MANY = 0.002  # share of the images that a blind attack may break behind attacks that see gradients
_SAME = 1e-4  # relative: by how much rounding alone may change logits from one pass to the next
_SUM = 1e-4  # by how much probabilities may miss a sum of 1: float32 over a thousand classes

_REMEDY = {
    "random outputs": "gave other outputs the second time; suite 'rand' averages gradients over such a model's",
    "probabilities": "have outputs in [0, 1] that sum to 1; give logits: leave out the softmax at the model's end",
    "zero gradients": "have a gradient of nought; the attacks that follow gradients see nothing there",
    "fewer classes than targets": "were led to every wrong class, which are fewer than the targets asked for",
}


def signs(model: nn.Module, x: Tensor, targets: Tensor, *, wanted: int, random: bool) -> Counter[str]:
    """How many images show each sign; ``wanted`` targets are asked for, and ``random`` outputs are expected or not.

    The model is in eval mode, with gradients that reach the images only. Two forwards and a backward.
    """
    leaf = x.detach().requires_grad_()
    logits = logits_of(model, leaf)
    if not logits.requires_grad:
        raise RequestError("the model's outputs have no gradient down to its images; use 'square', which needs none")
    (slope,) = torch.autograd.grad(log_odds(logits, targets).sum(), leaf)
    logits, flat = logits.detach(), (slope == 0).flatten(1).all(1)
    found: Counter[str] = Counter()
    found["probabilities"] = int(probabilities(logits).sum())
    # what is told wrong is not attacked, so its gradient does not matter
    found["zero gradients"] = int((flat & (logits.argmax(1) == targets)).sum())
    found["fewer classes than targets"] = len(x) if logits.shape[1] - 1 < wanted else 0
    if not random:
        found["random outputs"] = int(_changed(logits, model, x).sum())
    for classes in (2, 3):
        found[f"{classes} classes"] = len(x) if logits.shape[1] == classes else 0
    return found


def probabilities(outputs: Tensor) -> Tensor:
    """Which rows (N, C) lie in [0, 1] and sum to 1, (N,)."""
    inside = ((outputs >= 0) & (outputs <= 1)).all(1)
    return inside & ((outputs.sum(1) - 1).abs() <= _SUM)


def flags(tally: Tally, samples: int, seen: int) -> list[str]:
    """One sentence for each flag raised: by ``seen`` images that were attacked, of ``samples`` that were measured."""
    raised = [f"{name}: {count} of {seen} images {_REMEDY[name]}" for name, count in _raised(tally.odd, seen).items()]
    blind = tally.broken.get("square", 0)
    if len(tally.broken) > 1 and blind > TOO_MANY * samples:
        raised.append(
            f"black box beats white box: square, which sees no gradients, broke {blind} of {samples} images that stood"
            " against those before it; the model may hide its gradients"
        )
    return raised


def warn(raised: list[str]) -> None:
    """One warning a flag."""
    for flag in raised:
        warnings.warn(flag, stacklevel=4)


def _raised(odd: Mapping[str, int], seen: int) -> dict[str, int]:
    """Logits of a few images may look like probabilities by chance; of all images they do not."""
    least = {"probabilities": max(seen, 1)}
    return {name: odd[name] for name in _REMEDY if odd.get(name, 0) >= least.get(name, 1)}


@torch.no_grad()
def _changed(logits: Tensor, model: nn.Module, x: Tensor) -> Tensor:
    scale = logits.abs().amax(1).clamp_min(1)
    return (logits_of(model, x) - logits).abs().amax(1) > _SAME * scale
