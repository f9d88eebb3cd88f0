"""Density against counts by hand."""

import torch

from tombola.masks.masks import Masks
from tombola.properties._base import Property
from tombola.rows import Row

from .toy_tickets import drawn, looked_at, net, of_masks


def test_the_whole_comes_first_then_every_layer_in_order() -> None:
    model = net()
    masks = Masks({"0.weight": torch.arange(216).view(8, 3, 3, 3) < 54, "1.weight": torch.ones(8, 4, 3, 3).bool()})
    found = looked_at("density", of_masks(model, masks), model)
    assert list(found) == ["density", "layer_density 0.weight", "layer_density 1.weight"]
    assert found["density"].value == 100 * (54 + 288) / (216 + 288)
    assert found["density"].detail == {"count": 342, "of": 504}
    assert found["layer_density 0.weight"].value == 25
    assert found["layer_density 1.weight"].detail == {"count": 288, "of": 288, "layer": "1.weight", "place": 1}
    assert {(m.unit, m.better, m.samples) for m in found.values()} == {("%", "neither", 0)}


def test_of_a_ticket_at_ninety_per_cent_it_is_ten() -> None:
    model = net()
    found = looked_at("density", drawn(model, sparsity=0.9), model)
    assert found["density"].detail["count"] == 504 - round(0.9 * 504)
    assert Row(property="density", metric="density", value=found["density"].value, samples=0).samples == 0


def test_it_has_no_options() -> None:
    assert Property.parse("density").identity() == {"name": "density"}
