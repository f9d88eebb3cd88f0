"""Masks drawn in the middle of a training: of the prunable weights as they are, by a score that may ask the network."""

from collections.abc import Mapping

import torch
from torch import Tensor

from tombola.errors import RequestError
from tombola.fitting.changes._base import Given
from tombola.fitting.probe import NetworkProbe
from tombola.fitting.seeds import derive
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import groupings
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.masks.ranking import Ranking
from tombola.masks.scores._base import Score
from tombola.models.layers import layers_of
from tombola.models.prunable import PrunableRule, prunable


def drawn(
    given: Given, sparsity: float, *, score: Score, pattern: Pattern, budget: Budget, rule: PrunableRule
) -> Masks:
    """The masks at a sparsity of the prunable weights, on the CPU, nested in those there are."""
    weights = {name: weight.detach().cpu() for name, weight in prunable(given.network.body, rule).items()}
    return ranked(given, weights, sparsity, score=score, pattern=pattern, budget=budget, inside=within(given, rule))


def ranked(
    given: Given,
    weights: Mapping[str, Tensor],
    sparsity: float,
    *,
    score: Score,
    pattern: Pattern,
    budget: Budget,
    inside: Masks,
) -> Masks:
    """The masks at a sparsity of these values of the body's weights, on the CPU, nested in those ``inside``."""
    layers = layers_of(given.network.body, weights)
    ranking = Ranking(score, pattern, budget, groupings(weights, pattern, layers), layers)
    return ranking.masks(weights, probe_of(given), sparsity, within=inside, note=_unheard)


def within(given: Given, rule: PrunableRule) -> Masks:
    """The masks of the prunable weights as they are; all kept where there are none."""
    masks: Mapping[str, Tensor] = given.masks or {}
    return Masks(
        {
            name: masks[name].cpu() if name in masks else torch.ones(weight.shape, dtype=torch.bool)
            for name, weight in prunable(given.network.body, rule).items()
        }
    )


def rising(given: Given, rule: PrunableRule, sparsity: float, change: str) -> Masks:
    """`within`, from where a change raises the sparsity; `RequestError` where more is pruned than it ends at."""
    masks = within(given, rule)
    if masks.total - masks.kept > round(sparsity * masks.total):
        raise RequestError(
            f"{change} ends at sparsity={sparsity:g}, and {masks.sparsity:.4g} of these weights are pruned already;"
            " write more, or leave the change out"
        )
    return masks


def probe_of(given: Given) -> NetworkProbe:
    """What a score may ask of the network as it is used, in eval mode."""
    return NetworkProbe(given.network, given.task, seed=given.seed, device=_device(given))


def next_step(given: Given, *purpose: str | int) -> NetworkProbe:
    """What a score may ask of the network as a step would have it, on images and random numbers of the purpose."""
    seed = derive(given.seed, *purpose)
    return NetworkProbe(given.network, given.task, seed=seed, device=_device(given), training=True)


def _device(given: Given) -> str:
    return str(next(given.network.parameters()).device)


def _unheard(text: str) -> None:
    """Of the same layers at every step: nobody wants to read it a hundred times."""
