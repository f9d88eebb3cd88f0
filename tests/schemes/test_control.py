"""What all controls share: the ticket they take, its sparsity, and a lineage that names both."""

import pytest
from tests.schemes.control_toys import OMP, drawn, net, rungs

from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.schemes._base import Scheme

CONTROLS = ["complement", "layer_matched", "noise", "permuted_layers", "reinit", "shuffled"]


@pytest.mark.parametrize("name", CONTROLS)
def test_the_chain_begins_with_the_ticket_it_controls(name: str) -> None:
    scheme = Scheme.parse({"name": name, "of": OMP})
    assert [item.name for item in scheme.chain()] == ["omp", name]
    assert not scheme.needs_task
    assert scheme.before == Scheme.parse(OMP)


@pytest.mark.parametrize("of", ["random", OMP, Scheme.parse({**OMP, "pattern": "kernel"}), {"pattern": "kernel"}])
@pytest.mark.parametrize("name", CONTROLS)
def test_a_sparsity_is_that_of_the_ticket_it_takes(name: str, of: object) -> None:
    scheme = Scheme.parse({"name": name, "of": of, "sparsity": 0.75})
    assert scheme.before is not None
    identity = scheme.before.identity()
    assert identity["sparsity"] == 0.75
    if of not in ("random", OMP):
        assert identity["pattern"] == {"name": "kernel"}
    deep = Scheme.parse({"name": "noise", "of": {"name": name}, "sparsity": 0.25}).chain()
    assert deep[0].identity()["sparsity"] == 0.25


def test_a_sparsity_that_is_none_is_refused_there() -> None:
    with pytest.raises(RequestError, match=r"sparsity=1\.5"):
        Scheme.parse({"name": "shuffled", "sparsity": 1.5})


@pytest.mark.parametrize("name", CONTROLS)
def test_the_model_is_not_changed_and_the_lineage_names_it_and_both_schemes(name: str) -> None:
    model = net()
    before = weights_digest(model)
    ticket = drawn({"name": name, "of": OMP}, model)
    assert weights_digest(model) == before
    assert ticket.lineage.weights_digest == weights_digest(model.body)
    assert (ticket.lineage.scheme["name"], ticket.lineage.scheme["of"]["name"]) == (name, "omp")
    assert ticket.lineage.model_text == "toy"
    assert ticket.lineage.prunable == "double_win"


@pytest.mark.parametrize("name", CONTROLS)
def test_the_same_seed_gives_the_same_ticket(name: str) -> None:
    model = net()
    one, same = (rungs({"name": name, "of": OMP}, model, seed=5)[-1].ticket for _ in range(2))
    assert one.masks == same.masks
    assert (one.weights is None) == (same.weights is None) == (name in ("complement", "layer_matched"))
    if one.weights is not None and same.weights is not None:
        assert all(bool((one.weights[key] == same.weights[key]).all()) for key in one.weights)


def test_without_the_ticket_it_is_a_control_of_it_says_what_to_call() -> None:
    with pytest.raises(RequestError, match=r"call draw\(\.\.\.\)"):
        Scheme.parse("shuffled").rung(net(), None, None, seed=0, session=Session())
