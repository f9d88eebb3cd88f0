"""Tokens: ids as they are, embeddings in their place, whatever table the body has."""

import pytest
import torch
from tests.models.texts import WIDTH, bag, texts
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.embeddings import table_of
from tombola.models.inputs.tokens import Words
from tombola.models.network import Network


def test_embeddings_in_the_place_of_ids_give_the_same() -> None:
    network, batch = bag(), texts()
    embedded = network.normalise.continuous(network.body, batch.x)
    assert embedded.shape == (2, 4, WIDTH)
    assert torch.equal(network(embedded, **batch.more), network(batch.x, **batch.more))


def test_what_stands_beside_counts() -> None:
    network, batch = bag(), texts()
    assert not torch.equal(network(batch.x), network(batch.x, **batch.more))
    assert network.features(batch.x, **batch.more).shape == (2, WIDTH)


def test_the_table_is_left_as_it_was() -> None:
    network, batch = bag(), texts()
    network(torch.zeros(2, 4, WIDTH), **batch.more)
    assert not table_of(network.body)._forward_hooks


def test_it_has_no_tensors() -> None:
    assert not Words().state_dict()
    assert all(name.startswith("body.") for name in bag().state_dict())


def test_a_body_without_a_table_is_named() -> None:
    network = Network(nn.Linear(4, 2), Words(), source="no words")
    with pytest.raises(ModelError, match=r"Linear has no nn\.Embedding"):
        network(torch.rand(2, 3, 4))


def test_a_network_of_texts_has_no_pixels() -> None:
    with pytest.raises(ModelError, match="bag reads no images"):
        _ = bag().pixels


@pytest.mark.parametrize("x", [torch.rand(2, 3, 8, 8), torch.rand(2, 4, 5), torch.zeros(2, 3, 4).long()])
def test_what_is_no_text_is_refused(x: Tensor) -> None:
    with pytest.raises(ModelError, match=r"is no text: Bag reads token ids \(N, L\), or embeddings \(N, L, 6\)"):
        bag()(x)


def test_texts_are_refused_where_images_are_read() -> None:
    network = Network(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), source="images")
    with pytest.raises(ModelError, match=r"\(2, 4\) in int64 is no image.*hf:FOLDER"):
        network(texts().x)
