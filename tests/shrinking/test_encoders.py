"""Encoders without the heads and units that do nothing: smaller layers, the same logits."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.models.encoders import FAMILIES, encoder
from tests.models.texts import bag
from torch import Tensor

from tombola import verbs
from tombola.errors import ModelError
from tombola.exporters._base import Exporter
from tombola.exporters._masked import masked
from tombola.joining import whole
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.showing import shown_to
from tombola.models.units import Units, units_of
from tombola.shrinking.shrunk import shrunk, shrunk_with_masks, worst_difference
from tombola.tickets.ticket import Ticket

pytest.importorskip("transformers")


def without(network: Network, gone: dict[str, list[int]], *, read: bool = True, write: bool = True) -> Masks:
    """Heads and units of each layer are pruned where they are written, where they are read, or both."""
    found: dict[str, Tensor] = {}
    for units in units_of(network.body):
        for name in units.weights:
            found[name] = torch.ones_like(network.body.get_parameter(name), dtype=torch.bool)
        for one in gone[units.kind]:
            _prune(found, units, one, units.count(network.body), read=read, write=write)
    return Masks(found)


def heads(network: Network) -> Units:
    """Those of the first attention."""
    return next(units for units in units_of(network.body) if units.kind == "heads")


def _prune(found: dict[str, Tensor], units: Units, one: int, count: int, *, read: bool, write: bool) -> None:
    if read:
        found[units.weights[-1]][:, one * units.width : (one + 1) * units.width] = False
    for name in units.weights[:-1] if write else ():
        for part in range(units.parts):
            start = (part * count + one) * units.width
            found[name][start : start + units.width] = False


GONE = {"heads": [0, 2], "units": [1, 5, 6, 23]}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("side", ["read", "write", "both"])
def test_heads_and_units_that_nobody_reads_or_that_read_nothing_go(family: str, side: str) -> None:
    network = encoder(family, pool="mean")
    masks = without(network, GONE, read=side != "write", write=side != "read")
    small, left = shrunk_with_masks(network, masks, shown_to(network))
    for units in units_of(small.body):
        assert units.count(small.body) == (2 if units.kind == "heads" else 20)
    assert worst_difference(masked(network, masks), small, shown_to(network)) < 1e-5
    assert all(bool(mask.all()) for mask in left.values()), "no zero is left"
    assert heads(network).count(network.body) == 4, "the network given is as it was"


def test_what_varies_and_is_read_stays() -> None:
    network = encoder()
    masks = without(network, GONE)
    one = {name: mask.clone() for name, mask in masks.items()}
    first = heads(network)
    one[first.writes[-1] + ".weight"][0, 0] = True  # a value of the first head, which somebody reads
    one[first.weights[-1]][0, 0] = True
    small = shrunk(network, Masks(one), shown_to(network))
    assert heads(small).count(small.body) == 3
    assert worst_difference(masked(network, Masks(one)), small, shown_to(network)) < 1e-5


def test_one_of_each_stays_and_units_stay_in_multiples() -> None:
    network = encoder()
    nothing = without(network, {"heads": [0, 1, 2, 3], "units": [*range(24)]})
    small = shrunk(network, nothing, shown_to(network))
    assert [units.count(small.body) for units in units_of(small.body)] == [1, 1, 1, 1]
    assert worst_difference(masked(network, nothing), small, shown_to(network)) < 1e-5
    masks = without(network, {"heads": [3], "units": [*range(15)]})
    small = shrunk(network, masks, shown_to(network), multiple=8)
    assert {units.kind: units.count(small.body) for units in units_of(small.body)} == {"heads": 3, "units": 16}
    assert worst_difference(masked(network, masks), small, shown_to(network)) < 1e-5


def test_a_drawn_ticket_of_heads_is_a_smaller_ticket_that_is_read_back(tmp_path: Path) -> None:
    network = encoder("distilbert")
    drawn = verbs.draw(network, {"name": "omp", "sparsity": 0.5, "pattern": "head", "prunable": "attention"})
    ticket = Ticket.of(network.body, drawn.masks, drawn.lineage, keep_values=True)
    Exporter.parse("shrink").export_ticket(network, ticket, tmp_path / "small.ticket")
    small = whole(Ticket.load(tmp_path / "small.ticket")).eval()
    assert sum(units.count(small.body) for units in units_of(small.body) if units.kind == "heads") == 4
    assert worst_difference(masked(network, drawn.masks), small, shown_to(network)) < 1e-5


def test_layers_smaller_alike_are_a_configuration_and_others_are_refused(tmp_path: Path) -> None:
    transformers: Any = pytest.importorskip("transformers")
    network = encoder()
    small = shrunk(network, without(network, {"heads": [], "units": [*range(8)]}), shown_to(network))
    Exporter.parse("transformers").export(small, Masks({}), tmp_path / "net")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(str(tmp_path / "net"))
    assert model.config.intermediate_size == 16
    small = shrunk(network, without(network, {"heads": [1], "units": []}), shown_to(network))
    with pytest.raises(ModelError, match=r"query\.weight was made smaller than the configuration says"):
        Exporter.parse("transformers").export(small, Masks({}), tmp_path / "no")


def test_a_net_whose_parts_are_not_known_is_refused() -> None:
    with pytest.raises(ModelError, match="Bag: no heads or units are known in it"):
        shrunk(bag(), Masks({}), shown_to(bag()))


@pytest.mark.slow
def test_the_smaller_net_is_a_smaller_onnx_file(tmp_path: Path) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    network = encoder(num_hidden_layers=1)
    masks = without(network, GONE)
    files = [
        Exporter.parse({"name": "onnx", "shrunk": small, "multiple": 1}).export(
            network, masks, tmp_path / f"{small}.onnx"
        )[0]
        for small in (False, True)
    ]
    assert files[1].stat().st_size < files[0].stat().st_size - 4 * 2 * 4 * 4 * 16
