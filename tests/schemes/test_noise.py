"""Noise: as large as asked for, on kept weights alone, in one direction at all scales."""

import pytest
import torch
from tests.schemes.control_toys import OMP, drawn, net, rungs, values

from tombola.errors import RequestError
from tombola.schemes._base import Scheme


def noise(**options: object) -> dict[str, object]:
    return {"name": "noise", "of": OMP, **options}


@pytest.mark.parametrize("std", ["layer", "model", 0.0387])
def test_its_standard_deviation_is_the_scale_times_the_one_named(std: str | float) -> None:
    model = net()
    old, ticket = model.body.state_dict(), drawn(noise(scale=0.5, std=std, of={**OMP, "sparsity": 0.0}), model)
    whole = torch.cat([old[name].flatten() for name in ticket.masks]).std(correction=0)
    for name in ("one.weight", "two.weight"):
        expected = {"layer": float(old[name].std(correction=0)), "model": float(whole), 0.0387: 0.0387}[std]
        found = float((values(ticket)[name] - old[name]).std())
        assert found == pytest.approx(0.5 * expected, rel=0.1)
        told = ticket.lineage.extra["control"]["std_of_the_noise"][name]
        assert told == pytest.approx(0.5 * expected, rel=1e-6)


def test_pruned_weights_stay_zero_and_all_else_as_it_was() -> None:
    model = net()
    inner, ticket = (rung.ticket for rung in rungs(noise(), model))
    old, new = model.body.state_dict(), values(ticket)
    assert ticket.masks == inner.masks
    for name, value in new.items():
        if name in ticket.masks:
            assert not bool(value[~ticket.masks[name]].any())
            assert bool((value[ticket.masks[name]] != old[name][ticket.masks[name]]).all())
        else:
            assert torch.equal(value, old[name])


def test_a_sweep_of_scales_goes_one_way() -> None:
    model = net()
    old = model.body.state_dict()["one.weight"]
    small, large = (drawn(noise(scale=scale), model) for scale in (0.01, 1.0))
    kept = small.masks["one.weight"]
    ratio = (values(large)["one.weight"] - old)[kept] / (values(small)["one.weight"] - old)[kept]
    assert float(ratio.median()) == pytest.approx(100, rel=1e-3)


def test_no_noise_is_the_ticket() -> None:
    model = net()
    ticket = drawn(noise(scale=0), model)
    kept = ticket.masks["one.weight"]
    assert torch.equal(values(ticket)["one.weight"][kept], model.body.state_dict()["one.weight"][kept])


def test_a_std_that_is_none_is_refused() -> None:
    with pytest.raises(RequestError, match="std"):
        Scheme.parse(noise(std=-1.0))
    with pytest.raises(RequestError, match="std"):
        Scheme.parse(noise(std="global"))
