"""Heads and units of every family, by the names of its layers."""

import pytest
from tests.models.encoders import FAMILIES, encoder
from torch import nn

from tombola.models.source import Source
from tombola.models.units import units_of

pytest.importorskip("transformers")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_layer_has_four_heads_and_24_units(family: str) -> None:
    body = encoder(family).body
    found = units_of(body)
    assert [units.kind for units in found].count("heads") == 2
    for units in found:
        assert units.count(body) == (4 if units.kind == "heads" else 24)
        assert units.width == (4 if units.kind == "heads" else 1)
        rows = sum(body.get_parameter(name).shape[0] for name in units.weights[:-1])
        assert rows == units.count(body) * units.width * units.parts * len(units.writes)
        assert (units.activation == "") == (units.kind == "heads")
        assert not units.activation or isinstance(body.get_submodule(units.activation), nn.Module)
    assert len({name for units in found for name in units.weights}) == sum(len(units.weights) for units in found)


def test_nets_of_images_have_none() -> None:
    assert units_of(Source.parse("resnet8").load().body) == []
