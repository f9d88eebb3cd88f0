"""Masks drawn in the middle of a training: of the prunable weights as they are, by a score that may ask the network."""

from collections.abc import Mapping

import torch
from torch import Tensor

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
    layers = layers_of(given.network.body, weights)
    ranking = Ranking(score, pattern, budget, groupings(weights, pattern, layers), layers)
    return ranking.masks(weights, probe_of(given), sparsity, within=within(given, rule), note=_unheard)


def within(given: Given, rule: PrunableRule) -> Masks:
    """The masks of the prunable weights as they are; all kept where there are none."""
    masks: Mapping[str, Tensor] = given.masks or {}
    return Masks(
        {
            name: masks[name].cpu() if name in masks else torch.ones(weight.shape, dtype=torch.bool)
            for name, weight in prunable(given.network.body, rule).items()
        }
    )


def probe_of(given: Given, *purpose: str | int) -> NetworkProbe:
    """What a score may ask; with a purpose, other images and random numbers than without."""
    device = next(given.network.parameters()).device
    seed = derive(given.seed, *purpose) if purpose else given.seed
    return NetworkProbe(given.network, given.task, seed=seed, device=str(device))


def _unheard(text: str) -> None:
    """Of the same layers at every step: nobody wants to read it a hundred times."""
