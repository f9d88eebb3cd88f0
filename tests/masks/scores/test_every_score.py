"""What every registered score keeps to: a finite number a weight, the same every time, and nothing given changed."""

import pytest
import torch
from tests.masks.scores.nets import NAMES, probe, smooth, weights

from tombola.masks.scores._base import Score
from tombola.models.digest import weights_digest

every = pytest.mark.parametrize("name", Score.family.names())


@every
def test_scores_are_finite_one_a_weight_and_the_same_again(name: str) -> None:
    model = smooth()
    first, again = (Score.parse(name).scores(weights(model), probe(model)) for _ in range(2))
    assert tuple(first) == NAMES
    for tensor, weight in weights(model).items():
        assert first[tensor].shape == weight.shape
        assert first[tensor].is_floating_point()
        assert bool(first[tensor].isfinite().all())
        assert not first[tensor].requires_grad
        assert len(set(first[tensor].flatten().tolist())) > 1
        assert torch.equal(first[tensor], again[tensor])


@every
def test_neither_weights_nor_network_nor_the_global_generator_change(name: str) -> None:
    model = smooth().train()
    given = {tensor: weight.detach().clone() for tensor, weight in weights(model).items()}
    before, drawn = weights_digest(model), torch.get_rng_state()
    Score.parse(name).scores(given, probe(model))
    assert weights_digest(model) == before
    assert torch.equal(torch.get_rng_state(), drawn)
    assert model.training
    for tensor, weight in weights(model).items():
        assert torch.equal(given[tensor], weight)
        assert not given[tensor].requires_grad
        assert weight.grad is None


@every
def test_the_seed_matters_where_it_is_needed_and_only_there(name: str) -> None:
    model, score = smooth(), Score.parse(name)
    first, other = (score.scores(weights(model), probe(model, seed)) for seed in (0, 1))
    same = all(torch.equal(first[tensor], other[tensor]) for tensor in first)
    assert same == (not {"data", "seed"} & score.NEEDS) or (name in {"snip", "grasp"})


def test_one_batch_of_all_images_is_the_same_for_every_seed() -> None:
    model = smooth()
    first, other = (Score.parse("snip").scores(weights(model), probe(model, seed)) for seed in (0, 1))
    for tensor in first:
        torch.testing.assert_close(first[tensor], other[tensor])
