"""What a prompt is worth on texts whose classes are known, and what is taken off a model's logits beforehand."""

from typing import Final

import torch
from torch import Tensor

RIGHT: Final = 200.0
WRONG: Final = 180.0


def gaps(logits: Tensor, labels: Tensor) -> Tensor:
    """How far the right class's probability is from the best other one's, (N,) in [-1, 1]; logits (N, C).

    >>> gaps(torch.tensor([[0.0, 0.0], [0.0, 100.0]]), torch.tensor([0, 1])).tolist()
    [0.0, 1.0]
    """
    probabilities = logits.double().softmax(1)
    own = probabilities.gather(1, labels[:, None])[:, 0]
    others = probabilities.scatter(1, labels[:, None], -1.0).amax(1)
    return own - others


def reward(logits: Tensor, labels: Tensor) -> float:
    """The mean over all texts of 200 times the gap where the right class leads, else of 180 times the gap."""
    found = gaps(logits, labels)
    return float(torch.where(found > 0, RIGHT * found, WRONG * found).mean())


def z_scores(rewards: Tensor, eps: float = 1e-4) -> Tensor:
    """Rewards of one step less their mean, over their spread; 0 where all are equal.

    >>> z_scores(torch.tensor([7.0, 7.0])).tolist()
    [0.0, 0.0]
    """
    return (rewards - rewards.mean()) / (rewards.std(correction=0) + eps)


def mean_log_odds(logits: Tensor) -> Tensor:
    """How much a class is preferred whatever the text, (C,): each class's mean logit less the mean of all.

    Of two classes the difference of the two numbers is the mean of the log-odds.
    """
    centred = logits.double() - logits.double().mean(1, keepdim=True)
    return centred.mean(0)
