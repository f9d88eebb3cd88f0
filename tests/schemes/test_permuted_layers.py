"""Permuted layers: whole tensors of one shape change places, the masks do not."""

import json

import pytest
import torch
from tests.schemes.control_toys import OMP, Noting, drawn, net, rungs, values

from tombola.errors import RequestError
from tombola.models.source import Source
from tombola.schemes.permuted_layers import as_one, cycles

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


BERT = {
    "model_type": "bert", "vocab_size": 12, "hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2,
    "intermediate_size": 16, "max_position_embeddings": 16,
}  # fmt: skip


def test_together_the_six_matrices_of_a_layer_move_as_one_and_the_pooler_stays() -> None:
    pytest.importorskip("transformers")
    model = Source.parse({"name": "hf:tiny@config", "config": json.dumps(BERT)}).load()
    of = {"name": "omp", "sparsity": 0.5, "prunable": "bert"}
    ticket, heard = drawn({"name": "permuted_layers", "of": of, "together": True}, model, notes=(n := Noting())), n
    told = ticket.lineage.extra["control"]
    sources = {name.split(".")[3]: source.split(".")[3] for name, source in told["taken_from"].items()}
    assert len(told["taken_from"]) == 18
    assert all(source == name.replace(f".{name.split('.')[3]}.", f".{sources[name.split('.')[3]]}.", 1)
               for name, source in told["taken_from"].items())  # fmt: skip
    assert sorted(sources.values()) == ["0", "1", "2"]
    alone = drawn({"name": "permuted_layers", "of": of}, model).lineage.extra["control"]["stayed"]
    assert alone == [], "by themselves the pooler, as square as attention's matrices, moves too"
    assert all(number != source for number, source in sources.items())
    assert told["stayed"] == ["bert.pooler.dense.weight"]
    assert "1 of 19 layers stay" in heard.notes[0]


def test_layers_that_differ_do_not_change_places_as_wholes() -> None:
    with pytest.raises(RequestError, match=r"layer\.0 and layer\.1 do not hold the same tensors \(up\)"):
        as_one([["layer.0.q", "layer.1.q"], ["layer.0.up"], ["layer.1.up"]], torch.Generator().manual_seed(0))
