"""Permuted layers: whole tensors of one shape change places, the masks do not."""

import pytest
import torch
from tests.schemes.control_toys import OMP, Noting, drawn, net, rungs, values

from tombola.errors import RequestError
from tombola.schemes.permuted_layers import cycles

PERMUTED = {"name": "permuted_layers", "of": OMP}


def test_layers_of_one_shape_change_places_under_masks_that_stay() -> None:
    model = net()
    inner, ticket = (rung.ticket for rung in rungs(PERMUTED, model))
    assert ticket.masks == inner.masks
    old, new = model.body.state_dict(), values(ticket)
    for name, source in (("one.weight", "two.weight"), ("two.weight", "one.weight")):
        mask = ticket.masks[name]
        assert torch.equal(new[name][mask], old[source][mask])
        assert not bool(new[name][~mask].any())
    assert torch.equal(new["one.bias"], old["one.bias"])


def test_a_layer_alone_in_its_shape_stays_and_a_note_says_so() -> None:
    model, heard = net(), Noting()
    ticket = drawn(PERMUTED, model, notes=heard)
    assert heard.notes == ["permuted_layers: the only ones of their shapes, 1 of 3 layers stay: stem.weight"]
    mask = ticket.masks["stem.weight"]
    assert torch.equal(values(ticket)["stem.weight"][mask], model.body.state_dict()["stem.weight"][mask])
    told = ticket.lineage.extra["control"]
    assert told["stayed"] == ["stem.weight"]
    assert told["taken_from"] == {"one.weight": "two.weight", "two.weight": "one.weight"}


def test_where_nothing_can_move_it_is_refused() -> None:
    with pytest.raises(RequestError, match="no two of the masked layers have one shape"):
        drawn({"name": "permuted_layers", "of": {**OMP, "prunable": "re:one"}}, net())


@pytest.mark.parametrize("seed", range(5))
def test_a_cycle_moves_everyone_and_visits_everyone(seed: int) -> None:
    names = ["a", "b", "c", "d", "e"]
    moves = cycles([names, ["x"]], torch.Generator().manual_seed(seed))
    assert list(moves) == names
    assert sorted(moves.values()) == names
    seen = ["a"]
    while (after := moves[seen[-1]]) != "a":
        seen.append(after)
    assert sorted(seen) == names
