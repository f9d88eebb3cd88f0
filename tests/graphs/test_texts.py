"""Graphs of encoders of texts: torch's logits at every length, and what asks for one length is refused by name."""

import pytest
import torch
from tests.models.encoders import encoder
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.graphs.folding import folded
from tombola.graphs.fusing import fused
from tombola.graphs.graph import Graph
from tombola.graphs.interpret import interpret
from tombola.graphs.lengths import at_length, require_any_length
from tombola.graphs.tokens import Embed, TokenIds
from tombola.graphs.trace import trace_texts
from tombola.models.inputs.tokens import Words
from tombola.models.network import Network
from tombola.models.showing import drawn, shown_to
from tombola.shown import ShownTexts

pytest.importorskip("transformers")

ONE = {"bert": {"num_hidden_layers": 1}, "roberta": {"num_hidden_layers": 1}, "distilbert": {"n_layers": 1}}


def traced(network: Network, length: int = 9) -> Graph:
    """As exporters begin."""
    shown = shown_to(network, length=length)
    assert isinstance(shown, ShownTexts)
    return fused(folded(trace_texts(network, shown)))


@pytest.mark.parametrize(("family", "pool"), [("bert", "cls"), ("roberta", "mean"), ("distilbert", "cls")])
def test_logits_are_torchs_of_filled_up_texts(family: str, pool: str) -> None:
    network = encoder(family, pool=pool, **ONE[family])
    graph = traced(network)
    require_any_length(graph)
    assert isinstance(graph.input.op, TokenIds)
    assert graph.input.op.never == (1 if family == "roberta" else None)  # whose places are counted from its padding
    tables = [node.op.place for node in graph if isinstance(node.op, Embed)]
    assert tables == ([0, 1] if family == "bert" else [0])
    batch = drawn(shown_to(network, length=9), 3, torch.Generator().manual_seed(1))
    batch.x.clamp_(min=2)
    with torch.no_grad():
        wanted = network(batch.x, **batch.more)
    for text, tokens in enumerate(batch.more["attention_mask"].sum(1).tolist()):
        given = [batch.x if name == "input_ids" else batch.more[name] for name in graph.input.op.names]
        ids = torch.stack([one[text, :tokens] for one in given]).float()[None, :, None]
        torch.testing.assert_close(interpret(at_length(graph, tokens), ids), wanted[text, None], rtol=1e-4, atol=1e-5)


class Odd(nn.Module):
    """Words, and something that depends on their number."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.table, self.out, self.mix, self.way = nn.Embedding(11, 8), nn.Linear(8, 2), nn.Linear(5, 5), way

    def forward(self, ids: Tensor) -> Tensor:
        x = self.table(ids)
        if self.way == "mixed":
            return self.out(self.mix(x.transpose(1, 2)).transpose(1, 2)[:, 0])  # type: ignore[no-any-return]  # untyped
        return self.out(x[:, -1])  # type: ignore[no-any-return]  # untyped


@pytest.mark.parametrize("way", ["mixed", "last"])
def test_what_asks_for_one_length_is_named(way: str) -> None:
    graph = traced(Network(Odd(way), Words(), source="odd", head="out").eval(), 5)
    with pytest.raises(ModelError, match=r"'table.moved'.* depends on how long a text is"):
        require_any_length(graph)


def test_numbers_that_are_computed_from_ids_are_refused() -> None:
    class Counting(Odd):
        def forward(self, ids: Tensor) -> Tensor:
            return self.out(self.table(ids + 1).mean(1))  # type: ignore[no-any-return]  # untyped

    with pytest.raises(ModelError, match=r"aten.add"):
        traced(Network(Counting(""), Words(), source="odd", head="out").eval(), 5)
