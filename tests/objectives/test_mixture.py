"""A mixture is the weighted sum of its parts, drawn one after the other."""

from typing import Any

import pytest
import torch
from tests.objectives.toys import batch, cross_entropy, rng, same_gradients, small_net

from tombola.errors import RequestError
from tombola.objectives._base import Objective
from tombola.objectives.adversarial import Adversarial
from tombola.objectives.fast import Fast
from tombola.objectives.mixture import Mixture, Weighted
from tombola.objectives.natural import Natural
from tombola.objectives.noise import Noise


def mixture(parts: Any) -> Mixture:
    found = Objective.parse({"name": "mixture", "parts": parts})
    assert isinstance(found, Mixture)
    return found


def test_loss_and_gradients_are_the_weighted_sum() -> None:
    x, targets = batch()
    net, twin, generator = small_net(), small_net(), rng()
    loss, _ = mixture({"natural": 0.5, "noise": 2}).loss(net, x, targets, cross_entropy, generator=rng())
    natural, _ = Natural().loss(twin, x, targets, cross_entropy, generator=generator)
    noisy, _ = Noise().loss(twin, x, targets, cross_entropy, generator=generator)
    torch.autograd.backward([loss, 0.5 * natural + 2 * noisy])
    assert torch.allclose(loss, 0.5 * natural + 2 * noisy)
    assert same_gradients(net, twin)


def test_names_with_weights_and_a_list_of_parts_are_the_same() -> None:
    by_name = mixture({"natural": 0.5, "adversarial": 0.5})
    listed = mixture([{"objective": "natural", "weight": 0.5}, {"objective": {"name": "adversarial"}, "weight": 0.5}])
    assert by_name == listed == Mixture()
    assert by_name.parts == (
        Weighted(objective=Natural(), weight=0.5),
        Weighted(objective=Adversarial(), weight=0.5),
    )


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"free": 1}, "cannot be part of a mixture"),
        ({}, "at least 1"),
        ({"natural": -1}, "greater than 0"),
        ({"naturel": 1}, "did you mean 'natural'"),
    ],
)
def test_what_cannot_be_mixed_is_refused(parts: Any, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        mixture(parts)


def test_a_parts_guard_guards_and_is_repaired_inside() -> None:
    assert mixture({"natural": 1}).guard() is None
    guard = mixture([{"objective": "natural", "weight": 1}, {"objective": Fast(repairs=1), "weight": 2}]).guard()
    assert guard is not None
    assert guard.every == Fast().look_every
    found = guard.repaired()
    assert found is not None
    inner = found[0].parts[1].objective  # type: ignore[attr-defined]  # a mixture's
    assert (inner.steps, inner.repairs) == (2, 0)
    last = found[0].guard()
    assert last is not None
    assert last.repaired() is None
