"""A prompt stands among the embeddings, moves nothing else, and can be trained alone."""

import pytest
import torch
from tests.models.texts import Bag, bag, texts
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.inputs.prompt import Prompt, Prompted
from tombola.models.network import Network


def prompted(**options: object) -> Network:
    body = bag().body
    layer = Prompt.parse({"name": "prompt", **options}).layer(body, generator=torch.Generator().manual_seed(0))
    return Network(body, layer, source="prompted")


def vectors(network: Network) -> Tensor:
    assert isinstance(network.normalise, Prompted)
    return network.normalise.vectors


def test_given_ids_are_as_if_they_stood_in_the_text() -> None:
    network, batch = prompted(ids=(9, 8)), texts()
    longer = torch.cat([batch.x[:, :1], torch.tensor([[9, 8]] * 2), batch.x[:, 1:]], 1)
    mask = torch.cat([torch.ones(2, 2).long(), batch.more["attention_mask"]], 1)
    expected = bag()(longer, attention_mask=mask)
    torch.testing.assert_close(network(batch.x, **batch.more), expected)
    embedded = network.normalise.continuous(network.body, batch.x)
    torch.testing.assert_close(network(embedded, **batch.more), expected)


def test_only_the_prompt_learns_where_the_body_is_frozen() -> None:
    network, batch = prompted(tokens=3), texts()
    network.body.requires_grad_(requires_grad=False)
    network(batch.x, **batch.more).sum().backward()
    assert bool(vectors(network).grad.abs().sum() > 0)  # type: ignore[union-attr]  # the backward left one
    assert all(parameter.grad is None for parameter in network.body.parameters())


def test_vectors_are_drawn_from_the_generator_and_are_a_copy() -> None:
    one, other = prompted(tokens=3), prompted(tokens=3)
    assert torch.equal(vectors(one), vectors(other))
    with torch.no_grad():
        vectors(one).zero_()
    assert all(bool(parameter.abs().sum() > 0) for parameter in one.body.parameters())


def test_ids_that_no_table_has_are_refused() -> None:
    with pytest.raises(ModelError, match="the ids 0 to 10"):
        prompted(ids=(11,))
    with pytest.raises(ModelError, match="reads no token ids"):
        Prompt().layer(nn.Linear(2, 2), generator=torch.Generator())


def test_a_prompt_is_saved_beside_the_body() -> None:
    assert "normalise.vectors" in prompted().state_dict()
    assert not any("vectors" in name for name in Bag().state_dict())
