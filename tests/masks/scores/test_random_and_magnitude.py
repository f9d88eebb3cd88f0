"""Random scores favour no group's size; magnitudes are l1 or l2."""

import torch
from tests.masks.scores.nets import probe, smooth

from tombola.masks.budgets.global_ import Global
from tombola.masks.drawing import draw_by_scores, groupings
from tombola.masks.layers import Layer
from tombola.masks.patterns._base import Pattern
from tombola.masks.scores.magnitude import Magnitude
from tombola.masks.scores.random import Random


def test_channels_of_any_size_are_as_likely_to_stay() -> None:
    given = {"few": torch.zeros(2000, 1, 1, 1), "many": torch.zeros(2000, 32, 3, 3)}
    scores = Random().scores(given, probe(smooth()))
    channel = Pattern.parse("channel")
    layers = {name: Layer.of(score) for name, score in scores.items()}
    groups = groupings(scores, channel, layers)
    means = {name: groups[name].means(score) for name, score in scores.items()}
    threshold = torch.cat([mean.flatten() for mean in means.values()]).quantile(0.9)
    for mean in means.values():
        assert 0.08 < float((mean > threshold).double().mean()) < 0.12


def test_a_tensors_numbers_do_not_depend_on_the_others() -> None:
    asks = probe(smooth())
    one, both = torch.zeros(5, 3), {"other": torch.zeros(2, 2), "a": torch.zeros(5, 3)}
    alone = Random().scores({"a": one}, asks)["a"]
    assert torch.equal(alone, Random().scores(both, asks)["a"])
    assert len(set(alone.flatten().tolist())) == 15


def test_magnitudes_of_groups_are_means_of_magnitudes_or_squares() -> None:
    given = {"w": torch.tensor([[3.0, -3.0], [0.0, 5.0]])}
    asks = probe(smooth())
    channel = Pattern.parse("channel")
    groups = groupings(given, channel, {})

    def kept(norm: str) -> list[bool]:
        scores = Magnitude.parse(f"magnitude:{norm}").scores(given, asks)
        drawn = draw_by_scores(scores, 0.5, pattern=channel, budget=Global(), groupings=groups, layers={})
        return drawn["w"][:, 0].tolist()

    assert kept("l1") == [True, False]
    assert kept("l2") == [False, True]
