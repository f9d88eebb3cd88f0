"""The complement: disjoint from the ticket, and full together with it."""

import pytest
from tests.schemes.control_toys import OMP, Noting, net, rungs

from tombola.masks.masks import Masks


@pytest.mark.parametrize("sparsity", [0.3, 0.9])
def test_ticket_and_complement_are_disjoint_and_full_together(sparsity: float) -> None:
    options = {"name": "complement", "of": {**OMP, "sparsity": sparsity}}
    inner, other = (rung.ticket for rung in rungs(options, net()))
    assert (inner.masks & other.masks).kept == 0
    assert (inner.masks | other.masks) == Masks.full(inner.masks)
    assert other.lineage.sparsity == other.masks.sparsity == pytest.approx(1 - sparsity, abs=1e-3)
    assert other.weights is None


def test_a_note_says_its_sparsity() -> None:
    heard = Noting()
    rungs({"name": "complement", "of": {**OMP, "sparsity": 0.75}}, net(), notes=heard)
    assert heard.notes == [
        "complement: its sparsity is 25.00% (1,026 of 1,368 weights stay), that of the ticket of omp 75.00%"
    ]


def test_turned_round_twice_it_is_the_ticket() -> None:
    once = {"name": "complement", "of": OMP}
    chain = rungs({"name": "complement", "of": once}, net())
    assert [rung.ticket.lineage.scheme["name"] for rung in chain] == ["omp", "complement", "complement"]
    assert chain[2].ticket.masks == chain[0].ticket.masks


def test_nothing_about_it_is_random() -> None:
    one, other = (rungs({"name": "complement", "of": OMP}, net(), seed=seed)[-1].ticket for seed in (0, 1))
    assert one.masks == other.masks
