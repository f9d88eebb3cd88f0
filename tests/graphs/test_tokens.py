"""Transformers as graphs of maps compute what the networks compute, before and after every pass."""

import pytest
import torch
from tests.graphs.encoders import NETS, SIZE, Encoder, network
from tests.graphs.nets import images
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.graphs.emptying import without_dead
from tombola.graphs.folding import folded
from tombola.graphs.fusing import fused
from tombola.graphs.interpret import interpret, values
from tombola.graphs.ops import Conv, Scale
from tombola.graphs.tokens import Attention, Move, Norm
from tombola.graphs.trace import trace
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.shown import ShownImages
from tombola.shrinking.shrunk import shrunk


@pytest.mark.parametrize("name", NETS)
def test_the_graph_computes_what_the_network_does(name: str) -> None:
    made, x = network(name), images(2, SIZE)
    graph = trace(made, SIZE)
    with torch.no_grad():
        wanted = made(x)
    for some in (graph, fused(folded(graph)), fused(without_dead(folded(graph)))):
        torch.testing.assert_close(interpret(some, x), wanted, rtol=1e-4, atol=1e-5)
    assert all(value.shape[1:] == graph[node].shape for node, value in values(graph, x).items())


def test_a_vit_moves_values_only_where_tokens_meet() -> None:
    graph = fused(folded(trace(network("vit"), SIZE)))
    kinds = [type(node.op) for node in graph]
    assert kinds.count(Attention) == 2
    assert kinds.count(Move) == 2  # the patches beside the token of its own, and that token out of all
    assert Scale not in kinds
    assert [node.name for node in graph if isinstance(node.op, Conv) and node.op.activation == "gelu"]
    scaled = [node.op.scale is not None for node in graph if isinstance(node.op, Norm)]
    assert scaled == [False] * 4 + [True]  # folded into the layers behind them; behind the last one is a move


def test_a_head_that_no_one_reads_is_empty_in_queries_and_keys() -> None:
    made = network("vit")
    out = made.body.get_parameter("encoder.layers.encoder_layer_0.self_attention.out_proj.weight")
    with torch.no_grad():
        out[:, :4] = 1
        out[:, 4:] = 0  # the second of two heads
    graph = without_dead(folded(trace(made, SIZE)))
    qkv = graph["encoder.layers.encoder_layer_0.self_attention.in_proj_weight"].op
    assert isinstance(qkv, Conv)
    alive = qkv.weight.flatten(1).any(1).view(3, 8)
    assert alive[:, :4].all()
    assert not alive[:, 4:].any()
    torch.testing.assert_close(interpret(graph, images(2, SIZE)), interpret(trace(made, SIZE), images(2, SIZE)))


def test_channels_of_a_transformer_are_not_cut() -> None:
    with pytest.raises(ModelError, match="a norm over channels, an attention"):
        shrunk(network("vit"), Masks({}), ShownImages(SIZE))


class Odd(Encoder):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        scores = x @ x.transpose(1, 2)
        if self.how == "scores":
            x = scores.relu() @ x
        if self.how == "softmax":
            x = scores.softmax(1) @ x
        if self.how == "norm":
            x = nn.functional.layer_norm(x, x.shape[1:])
        if self.how == "mask":
            x = nn.functional.scaled_dot_product_attention(x, x, x, attn_mask=scores)
        return self.head(torch.cat([x[:, 0], x[:, 1]], 1))  # type: ignore[no-any-return]  # a module's call is untyped


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("scores", "aten.relu.default: scores of an attention are scaled"),
        ("softmax", "aten.softmax.int: a softmax of what are no scores of an attention over its keys"),
        ("norm", r"aten.layer_norm.default: a norm over \(16, 12\)"),
        ("mask", "a mask that is no constant"),
    ],
)
def test_what_has_no_graph_is_named(how: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        trace(Network(Odd(how), source="odd", head="head"), SIZE)
