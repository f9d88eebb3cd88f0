"""Soft Q-learning on tokens: how far a policy's logits are from a path on which values and rewards agree."""

import torch
from torch import Tensor


def soft_q_loss(logits: Tensor, target: Tensor, tokens: Tensor, rewards: Tensor) -> Tensor:
    """Path consistency of one step and of all that follow, the mean of both squares, summed over a prompt's tokens.

    ``logits`` (P, T, V) of the policy and ``target`` of its slow copy, at each token of P prompts; ``tokens`` (P, T)
    that were taken; ``rewards`` (P,), given at the last one. A_t = Q_t - V_t with Q_t the taken token's logit and V_t
    the log-sum-exp of all; the slow copy's V stands for what is to come. Thousands are usual, since rewards are.
    """
    taken = logits.gather(2, tokens[..., None])[..., 0]
    advantage = taken - logits.logsumexp(2)
    value = target.logsumexp(2).detach()
    follows = torch.cat([value[:, 1:], rewards.to(value)[:, None]], dim=1)
    one = advantage - (follows - value)
    rest = advantage.flip(1).cumsum(1).flip(1)
    many = rest - (rewards.to(value)[:, None] - value)
    return ((one.square() + many.square()) / 2).sum(1).mean()
