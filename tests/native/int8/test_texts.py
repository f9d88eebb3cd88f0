"""Encoders of texts in int8: ranges are of words alone, and C is what the graph says at every length."""

from pathlib import Path

import pytest
import torch
from tests.native.programs import TILES, difference
from tests.native.small_texts import FAST, network, shown, texts

from tombola.errors import RequestError
from tombola.exporters._base import Exporter
from tombola.graphs.cells import CellConv, CellFloats
from tombola.graphs.int8 import graphing
from tombola.graphs.int8.rounding import calibrated_texts
from tombola.graphs.interpret import interpret
from tombola.graphs.lengths import at_length
from tombola.graphs.ops import Conv
from tombola.graphs.tokens import Embed
from tombola.masks.masks import Masks
from tombola.models.showing import arrays_of
from tombola.native.folder import layers_of, prepared, write_program
from tombola.native.loading_texts import load_texts
from tombola.native.lowering import lower

pytest.importorskip("transformers")


@pytest.mark.parametrize("target", ["plain", "amx"])
def test_c_is_what_the_graph_says_and_near_torch_at_every_length(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if target == "amx":
        TILES.require()
    monkeypatch.setattr(graphing, "MANY", 3)  # the words are kept as bytes, their two types are not
    some = texts()
    graph = calibrated_texts(prepared(network(), shown()), arrays_of(shown(), some)).in_cells()
    kinds = [type(node.op) for node in graph]
    assert (kinds.count(CellFloats), kinds.count(CellConv), kinds.count(Conv), kinds.count(Embed)) == (5, 1, 0, 2)
    words, types = (node.op for node in graph if isinstance(node.op, Embed))
    assert (words.steps is None, types.steps is None) == (False, True)
    program = lower(graph)
    write_program(program, layers_of(program, target=target), tmp_path / "net", target=target, values="int8")
    with load_texts(tmp_path / "net", threads=2, batch=2, extra=FAST) as net, torch.no_grad():
        ours = net(some.x, some.more["attention_mask"], some.more["token_type_ids"])
        assert difference(ours, network()(some.x, **some.more)) < 0.1
        for text, tokens in enumerate(some.more["attention_mask"].sum(1).tolist()):
            ids = torch.stack([one[text, :tokens] for one in (some.x, some.more["token_type_ids"])]).float()
            # a sum of floats in another order may round to the next of 256 steps
            assert difference(ours[text, None], interpret(at_length(graph, tokens), ids[None, :, None])) < 0.02


def test_what_texts_are_filled_up_with_moves_no_range() -> None:
    arrays = arrays_of(shown(), texts())
    graph, beyond = prepared(network(), shown()), arrays["attention_mask"] == 0
    filled = {**arrays, "input_ids": arrays["input_ids"] * ~beyond + 59 * beyond}
    found = [calibrated_texts(graph, one).in_cells() for one in (arrays, filled)]
    for first, second in zip(*found, strict=True):
        if isinstance(first.op, CellConv):
            assert isinstance(second.op, CellConv)
            assert torch.equal(first.op.factor, second.op.factor)


def test_int8_without_texts_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"needs texts to find its scales on; write --set task=text:FILE.csv"):
        Exporter.parse({"name": "native", "arithmetic": "int8"}).export(network(), Masks({}), tmp_path / "net")
