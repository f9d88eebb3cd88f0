"""Heads: what enters each, what it gives, and how a network finds it what it reads."""

from pathlib import Path

import pytest
import torch
from tests.models.texts import Bag
from torch import Tensor, nn

from tombola.errors import ModelError, RequestError
from tombola.models.digest import weights_digest
from tombola.models.files import save_network
from tombola.models.heading import headed
from tombola.models.heads._base import Head, ShowsTokens
from tombola.models.heads.boxes import CentrePoints, boxes_of
from tombola.models.heads.mlm import TiedDecoder
from tombola.models.inputs.tokens import Words
from tombola.models.network import Network, num_outputs
from tombola.models.prunable import candidates
from tombola.models.segmenting import described
from tombola.models.source import Source


class Reader(ShowsTokens):
    """A toy encoder that can show every token."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(11, 6)
        self.mix = nn.Linear(6, 6)
        self.out: nn.Module = nn.Linear(6, 3)

    def forward(self, ids: Tensor) -> Tensor:
        words = torch.tanh(self.mix(self.table(ids)))
        found: Tensor = self.out(words if self.reads == "tokens" else words.mean(1))
        return found


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def reader() -> Network:
    return Network(Reader(), Words(), source="reader")


def small() -> Network:
    return Source(name="resnet8", width=0.25).load()


BOXES = ("boxes", "boxes:5", "fcos:64", "retinanet:8", "faster_rcnn:4")
IDS = torch.tensor([[1, 5, 7], [3, 4, 2]])


def test_a_projection_compares_vectors_and_gives_way_to_a_linear_head() -> None:
    network = small().with_head(5, generator=rng(), head="projection:7")
    assert network(torch.rand(2, 3, 16, 16)).shape == (2, 5)
    assert [tuple(p.shape) for p in network.head.parameters()] == [(7, 16), (7,), (5, 7), (5,)]
    assert network.origin.source["decoder"] == "projection:7"
    back = network.with_head(4, generator=rng())
    assert (num_outputs(back.head), back.head_kind.name) == (4, "linear")
    assert "decoder" not in back.origin.source
    assert network.features(torch.rand(2, 3, 16, 16)).shape == (2, 16)


def test_a_span_is_two_numbers_a_token() -> None:
    network = reader().with_head(2, generator=rng(), head="span")
    assert network(IDS).shape == (2, 3, 2)
    assert network.with_head(4, generator=rng())(IDS).shape == (2, 4), "the body shows one vector again"
    with pytest.raises(ModelError, match="2 numbers a token"):
        reader().with_head(3, generator=rng(), head="span")


def test_a_word_at_every_token_comes_from_the_bodys_own_table() -> None:
    network = reader().with_head(11, generator=rng(), head="mlm")
    assert network(IDS).shape == (2, 3, 11)
    assert isinstance(network.head, TiedDecoder)
    assert [name for name in network.state_dict() if "table" in name] == ["body.table.weight"]
    assert list(candidates(network.body)) == ["mix.weight", "out.dense.weight"]
    with pytest.raises(ModelError, match="11 words, not of 12"):
        reader().with_head(12, generator=rng(), head="mlm")


def test_a_copy_of_a_tied_head_is_tied_to_the_copys_table() -> None:
    network = reader().with_head(11, generator=rng(), head="mlm")
    twin, before = network.copy(), network(IDS)
    with torch.no_grad():
        twin.body.get_parameter("table.weight").add_(0.5)
    assert torch.equal(network(IDS), before)
    twin(IDS).square().sum().backward()
    gradient = twin.body.get_parameter("table.weight").grad
    assert gradient is not None
    assert bool(gradient.abs().sum(1).gt(0).all()), "every word is an answer, though few were read"


def test_heads_that_read_what_a_body_does_not_show_are_refused() -> None:
    bag = Network(Bag(), Words(), source="bag")
    with pytest.raises(ModelError, match="head=span reads tokens, and Bag shows a vector"):
        bag.with_head(2, generator=rng(), head="span")
    with pytest.raises(ModelError, match=r"reads maps.*tombola\.models\.heading\.headed"):
        small().with_head(2, generator=rng(), head="fcn")
    with pytest.raises(RequestError, match="unknown head 'liner', did you mean 'linear'"):
        small().with_head(2, generator=rng(), head="liner")


def test_boxes_stand_where_their_places_are() -> None:
    raw = torch.full((1, 7, 2, 2), -20.0)
    raw[0, 2, 0, 0] = torch.tensor(0.25).expm1().log()  # of which softplus is a quarter, and so one place
    found = boxes_of(raw, torch.Size((8, 16)))
    assert found.shape == (1, 9, 2, 2)
    torch.testing.assert_close(found[0, :6, 0, 0], torch.tensor([4.0, 2, 12, 2, 4, 2]))
    torch.testing.assert_close(found[0, :6, 1, 1], torch.tensor([12.0, 6, 12, 6, 12, 6]))
    assert boxes_of(raw.bfloat16(), torch.Size((300, 301))).dtype == torch.float32


def test_a_detector_tells_few_boxes_at_first() -> None:
    network = headed(small(), "boxes", 6, output_stride=2, seed=0).eval()
    assert isinstance(network.head, CentrePoints)
    found = network(torch.rand(2, 3, 16, 24))
    assert found.shape == (2, 8, 16, 24)
    assert bool((found[:, 6:].sigmoid() < 0.2).all())
    assert described(network) == {"decoder": "boxes", "output_stride": 2}


@pytest.mark.parametrize("head", [*BOXES, "fcn", "projection", "projection:9"])
def test_a_file_brings_its_head_back(head: str, tmp_path: Path) -> None:
    network = headed(small(), head, 6, seed=3).eval()
    again = Source.parse(f"path:{save_network(network, tmp_path / 'net.safetensors')}").load()
    assert weights_digest(again) == weights_digest(network)
    assert again.head_kind == network.head_kind == Head.parse(head)
    x = torch.rand(1, 3, 16, 16)
    assert torch.equal(again(x), network(x))


def test_what_no_head_makes_is_refused() -> None:
    with pytest.raises(ModelError, match=r"this one is a LayerNorm; name another with head='\.\.\.'"):
        num_outputs(nn.LayerNorm(3))


class TwoAnswers(nn.Module):
    """Classes and boxes side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(12, 6)
        self.classes, self.corners = nn.Linear(6, 3), nn.Linear(6, 4)


def test_a_net_with_several_last_layers_is_refused_with_their_names() -> None:
    with pytest.raises(ModelError, match=r"several last layers \(classes, corners\); name the one .* head='\.\.\.'"):
        Network(TwoAnswers(), source="two")
    assert Network(TwoAnswers(), source="two", head="classes").head_name == "classes"
