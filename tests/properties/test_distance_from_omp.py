"""The distance from OMP: nothing for OMP itself, chance for a random ticket, and its pattern and budget found."""

from typing import Any

import pytest
import torch

from tombola.errors import RequestError
from tombola.masks.masks import Masks

from .toy_tickets import drawn, looked_at, net, of_masks


@pytest.mark.parametrize(
    "options",
    [
        {"sparsity": 0.0},
        {"sparsity": 0.9},
        {"sparsity": 0.7, "budget": "uniform"},
        {"sparsity": 0.5, "pattern": "kernel"},
        {"sparsity": 0.5, "pattern": "stripe:3"},
        {"sparsity": 0.5, "pattern": "2:4"},
        {"sparsity": 0.5, "prunable": "open_lth"},
        {"sparsity": 0.6, "budget": {"name": "cost"}, "image": 16},
    ],
    ids=str,
)
def test_omp_is_at_no_distance_from_itself(options: dict[str, Any]) -> None:
    model = net()
    found = looked_at("distance_from_omp", drawn(model, **options), model)
    assert next(iter(found)) == "distance_from_omp"
    assert found["distance_from_omp"].value == 0
    assert found["kept_by_omp"].value == 100


def test_a_random_ticket_is_as_far_as_chance() -> None:
    model = net()
    found = looked_at("distance_from_omp", drawn(model, name="random", sparsity=0.5), model)
    assert found["distance_from_omp"].value == pytest.approx(found["expected_distance"].value, abs=6)
    assert found["kept_by_omp"].value == pytest.approx(50, abs=8)


def test_a_control_is_compared_in_the_pattern_of_what_it_controls() -> None:
    model = net()
    ticket = drawn(model, name="shuffled", of={"name": "omp", "sparsity": 0.5, "pattern": "kernel"})
    assert looked_at("distance_from_omp", ticket, model)["distance_from_omp"].value == 0
    element = looked_at({"name": "distance_from_omp", "pattern": "element"}, ticket, model)
    assert element["distance_from_omp"].value > 0


def test_one_weight_exchanged_is_two_weights_of_distance() -> None:
    model = net()
    ticket = drawn(model, sparsity=0.5)
    flat = ticket.masks["0.weight"].flatten()
    flat[int(flat.nonzero()[0])] = False
    flat[int((~flat).nonzero()[-1])] = True
    moved = Masks({**ticket.masks, "0.weight": flat.view(8, 3, 3, 3)})
    found = looked_at("distance_from_omp", of_masks(model, moved), model)
    assert found["distance_from_omp"].detail == {"count": 2, "of": 504}
    assert found["kept_by_omp"].detail == {"count": 251, "of": 252}


def test_an_empty_ticket_and_a_foreign_network() -> None:
    model = net()
    empty = Masks({name: torch.zeros(shape, dtype=torch.bool) for name, shape in drawn(model).masks.shapes().items()})
    assert looked_at("distance_from_omp", of_masks(model, empty), model)["distance_from_omp"].value == 0
    with pytest.raises(RequestError, match="drawn from other weights"):
        looked_at("distance_from_omp", drawn(model), net(seed=1))
