"""What every score keeps: a finite number a weight, the same every time, and nothing given changed."""

from collections.abc import Callable

import torch
from tests.masks.scores.nets import NAMES, probe, smooth, weights
from torch import Tensor

from tombola.masks.scores._base import Score

from .faults import NAN, Fault, first, gives, luck
from .room import Check, finite, untouched


def scored(score: Score, seed: int = 0) -> dict[str, Tensor]:
    """The scores of a small smooth net."""
    model = smooth()
    return score.scores(weights(model), probe(model, seed))


def it_gives_a_finite_number_a_weight(score: Score) -> None:
    found = scored(score)
    assert tuple(found) == NAMES
    for name, weight in weights(smooth()).items():
        assert found[name].shape == weight.shape
        assert found[name].is_floating_point()
        assert not found[name].requires_grad
        finite(found[name])
        assert float(found[name].min()) < float(found[name].max()), "it tells no two weights apart"


def the_seed_matters_where_it_is_needed_and_only_there(score: Score) -> None:
    one, again, other = (scored(score, seed) for seed in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in NAMES)
    as_before = all(torch.equal(one[name], other[name]) for name in NAMES)
    assert not (as_before and "seed" in score.NEEDS), "it needs a seed and does not look at it"
    assert as_before or {"data", "seed"} & score.NEEDS, "another seed gives other scores, and it does not say so"


def it_leaves_weights_and_network_alone(score: Score) -> None:
    model = smooth().train()
    given = {name: weight.detach().clone() for name, weight in weights(model).items()}
    with untouched(model, *given.values()):
        score.scores(given, probe(model))
    assert not any(weight.requires_grad for weight in given.values())


def it_says_how_it_works(score: Score) -> None:
    assert isinstance(score.num_rounds, int)
    assert score.num_rounds >= 1
    passes = score.passes()
    assert passes is None or passes >= 0


CHECKS: tuple[Check, ...] = (
    it_gives_a_finite_number_a_weight,
    the_seed_matters_where_it_is_needed_and_only_there,
    it_leaves_weights_and_network_alone,
    it_says_how_it_works,
)


def _each(change: Callable[[Tensor], Tensor]) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    return lambda found: {name: change(tensor) for name, tensor in found.items()}


FAULTS: tuple[Fault, ...] = (
    Fault("gives NaN", "magnitude", "scores", gives(_each(lambda s: s * NAN)), it_gives_a_finite_number_a_weight),
    Fault(
        "gives one number a row",
        "magnitude",
        "scores",
        gives(_each(lambda s: s.flatten(1).mean(1))),
        it_gives_a_finite_number_a_weight,
    ),
    Fault(
        "tells nothing apart", "magnitude", "scores", gives(_each(torch.ones_like)), it_gives_a_finite_number_a_weight
    ),
    Fault("has no seed", "magnitude", "scores", gives(_each(luck)), the_seed_matters_where_it_is_needed_and_only_there),
    Fault(
        "changes the weights",
        "magnitude",
        "scores",
        first(lambda weights, probe: [w.data.add_(1) for w in weights.values()]),
        it_leaves_weights_and_network_alone,
    ),
)
