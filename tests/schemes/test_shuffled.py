"""Shuffled: every layer keeps its masks and its values, at other places."""

import pytest
import torch
from tests.fitting.toys import Toy, network
from tests.schemes.control_toys import OMP, drawn, net, rungs, values
from tests.schemes.toys import FIT

SHUFFLED = {"name": "shuffled", "of": OMP}


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.9])
def test_each_layer_keeps_the_multiset_of_its_values_and_moves_them(sparsity: float) -> None:
    model = net()
    inner, ticket = (rung.ticket for rung in rungs({"name": "shuffled", "of": {**OMP, "sparsity": sparsity}}, model))
    assert ticket.masks == inner.masks
    old, new = model.body.state_dict(), values(ticket)
    for name, mask in ticket.masks.items():
        assert torch.equal(new[name][mask].sort().values, old[name][mask].sort().values)
        assert float((new[name][mask] != old[name][mask]).float().mean()) > 0.8
        assert not bool(new[name][~mask].any())


def test_all_else_stays() -> None:
    model = net()
    old, ticket = model.body.state_dict(), drawn(SHUFFLED, model)
    for name, value in values(ticket).items():
        assert name in ticket.masks or torch.equal(value, old[name])


def test_the_seed_decides() -> None:
    model = net()
    one, same, other = (values(drawn(SHUFFLED, model, seed=seed))["one.weight"] for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_ticket_with_values_of_its_own_is_shuffled_in_those() -> None:
    imp = {"name": "imp", "level": 1, "fit": FIT, "rewind": "initial", "first": "prune"}
    inner, ticket = (rung.ticket for rung in rungs({"name": "shuffled", "of": imp}, network(), task=Toy()))
    old, new = values(inner), values(ticket)
    kept = ticket.masks["3.weight"]
    assert torch.equal(new["3.weight"][kept].sort().values, old["3.weight"][kept].sort().values)
    assert not torch.equal(new["3.weight"], old["3.weight"])
