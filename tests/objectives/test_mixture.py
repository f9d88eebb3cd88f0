"""A mixture is the weighted sum of its parts, drawn one after the other."""

from typing import Any

import pytest
import torch
from tests.fitting.toys import Toy
from tests.objectives.toys import batch, loss_of, rng, same_gradients, small_net

from tombola.errors import RequestError
from tombola.objectives._base import Objective, Running
from tombola.objectives._guarding import Guarded
from tombola.objectives.adversarial import Adversarial
from tombola.objectives.fast import Fast
from tombola.objectives.mixture import Mixed, Mixture, Weighted
from tombola.objectives.natural import Natural
from tombola.objectives.noise import Noise


def mixture(parts: Any) -> Mixture:
    found = Objective.parse({"name": "mixture", "parts": parts})
    assert isinstance(found, Mixture)
    return found


def test_loss_and_gradients_are_the_weighted_sum() -> None:
    x, targets = batch()
    net, twin, generator = small_net(), small_net(), rng()
    loss, _ = loss_of(mixture({"natural": 0.5, "noise": 2}), net, x, targets, generator=rng())
    natural, _ = loss_of(Natural(), twin, x, targets, generator=generator)
    noisy, _ = loss_of(Noise(), twin, x, targets, generator=generator)
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


def test_every_part_is_at_work_with_what_it_carries() -> None:
    parts = [{"objective": "natural", "weight": 1}, {"objective": Fast(repairs=1), "weight": 2}]
    running = mixture(parts).begin(small_net(), Toy(), seed=0)
    assert isinstance(running, Mixed)
    assert [type(part) for part in running.parts] == [Running, Guarded]
    assert set(running.tensors()) == {"1/guard"}
    counts = torch.tensor([7, 1, 1, 0])
    running.restore({"1/guard": counts})
    assert torch.equal(running.tensors()["1/guard"], counts)
    repaired = running.parts[1].objective
    assert isinstance(repaired, Fast)
    assert (repaired.steps, repaired.repairs) == (2, 0)
