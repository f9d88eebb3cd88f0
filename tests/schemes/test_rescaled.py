"""Random weights scaled for their masks: zeros and masks stay, and the first step goes further."""

from functools import cache

import pytest
import torch
from tests.fitting.toys import Toy, masks, network
from tests.schemes.toys import FIT, climb, imp
from torch import Tensor

from tombola.errors import RequestError
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.enforce import apply_masks
from tombola.models.network import Network
from tombola.schemes.imp import IMP
from tombola.schemes.rewinds._base import Rewind
from tombola.schemes.rewinds._rescaling import scales
from tombola.spec import build


def loss_after_a_step(model: Network) -> float:
    """On held images, after one step of length 0.1 along the gradient of the body."""
    batch = Toy().splits().val.take(torch.arange(24)).to_float()
    model = model.copy().train()
    head = set(model.head.parameters())
    moved = [parameter for parameter in model.parameters() if parameter not in head]
    gradients = torch.autograd.grad(Toy().losses(model(batch.x), batch.targets).mean(), moved)
    norm = torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt()
    with torch.no_grad():
        for parameter, gradient in zip(moved, gradients, strict=True):
            parameter.sub_(0.1 * gradient / norm)
        return float(Toy().losses(model(batch.x), batch.targets).mean())


@cache
def rescaled() -> tuple[Network, Network]:
    """The toy in its random state, under masks, and the same rescaled."""
    how, fit = Rewind.parse({"name": "rescaled", "steps": 30}), build(Fit, FIT)
    state = how.state(network(), Toy(), fit, seed=0, session=Session())
    found = how.under(state, masks(state), Toy(), fit, seed=0, session=Session())
    apply_masks(state.body, masks(state))
    return state, found


def test_zeros_stay_and_each_tensor_has_one_factor() -> None:
    state, found = rescaled()
    for name, mask in masks(state).items():
        before, after = state.body.get_parameter(name).detach(), found.body.get_parameter(name).detach()
        assert not bool(after[~mask].count_nonzero())
        factors = after[mask] / before[mask]
        torch.testing.assert_close(factors, factors[:1].expand_as(factors))
        assert float(factors[0]) >= 0.01
    assert torch.equal(state.head.weight, found.head.weight)  # type: ignore[arg-type]  # a linear layer's


def test_the_first_step_goes_further() -> None:
    state, found = rescaled()
    assert loss_after_a_step(found) < loss_after_a_step(state) - 0.01


def test_where_the_gradient_is_large_its_norm_goes_down_and_zeros_count_for_nothing() -> None:
    values = {"weight": torch.tensor([3.0]), "bias": torch.zeros(1)}

    def square(placed: dict[str, Tensor], batch: int) -> Tensor:
        return placed["weight"].square().sum()

    found = scales(values, square, steps=40, lr=0.01)  # type: ignore[arg-type]  # a dict is a mapping
    assert found["bias"] == 1
    assert found["weight"] == pytest.approx(0.6, abs=0.02), "a full step each, while |6 factor| falls"


@pytest.mark.slow
def test_tickets_hold_it_and_levels_go_back_to_one_random_state() -> None:
    rungs = climb(imp(level=2, rewind={"name": "rescaled", "steps": 3}))
    plain = climb(imp(level=2, rewind="initial"))
    assert {rung.ticket.lineage.extra["rewound"] for rung in rungs} == {plain[0].ticket.lineage.extra["rewound"]}
    assert rungs[0].ticket.masks == plain[0].ticket.masks
    for one, other in zip(rungs, plain, strict=True):
        assert one.ticket.weights is not None
        assert other.ticket.weights is not None
        assert not torch.equal(one.ticket.weights["0.weight"], other.ticket.weights["0.weight"])
    again = climb(imp(level=2, rewind={"name": "rescaled", "steps": 3}))
    assert again[-1].ticket.masks == rungs[-1].ticket.masks


def test_one_level_of_a_score_looks_at_the_task_and_frozen_norms_are_refused() -> None:
    scheme = imp(level=1, rewind="rescaled", score="snip")
    assert isinstance(scheme, IMP)
    assert scheme.needs_task
    assert not scheme.trains
    with pytest.raises(RequestError, match=r"write fit\.bn=train"):
        climb(imp(level=1, rewind="rescaled", fit={**FIT, "bn": "frozen"}))
