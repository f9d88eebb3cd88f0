"""What a network is to be shown: as its first layer, its body and its task say."""

import json
from typing import Any

import pytest
import torch
from tests.models.texts import WORDS, bag, texts

from tombola.errors import RequestError
from tombola.models.adapted import Adapted
from tombola.models.inputs.prompt import Prompt
from tombola.models.network import Network
from tombola.models.showing import arrays_of, batch_of, drawn, shown_to
from tombola.models.source import Source
from tombola.shown import ShownImages, ShownTexts

MORE: dict[str, Any] = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
    "intermediate_size": 8, "max_position_embeddings": 18}  # fmt: skip


def encoder(family: str, **options: Any) -> Network:
    """A random one."""
    pytest.importorskip("transformers")
    config = json.dumps({"model_type": family, **MORE, **options})
    return Source.parse({"name": "hf:tiny@config", "config": config}).load(num_classes=2)


def test_images_are_as_large_as_asked_or_as_adapted_with() -> None:
    network = Source.parse("resnet8").load()
    assert shown_to(network) == ShownImages((3, 32, 32))
    assert shown_to(network, side=8) == ShownImages((3, 8, 8))
    network.adapted = Adapted.of({"name": "a task"}, size=16, classes=())
    assert shown_to(network) == ShownImages((3, 16, 16))


def test_texts_are_as_long_as_asked_or_as_adapted_with_and_no_longer_than_goes() -> None:
    network = encoder("bert")
    both = ("attention_mask", "token_type_ids")
    assert shown_to(network) == ShownTexts(18, words=20, pad=0, beside=both, most=18)
    assert shown_to(network, length=5) == ShownTexts(5, words=20, pad=0, beside=both, most=18)
    network.adapted = Adapted.of({"name": "text", "data": {"name": "x", "length": 12}}, size=None, classes=())
    assert shown_to(network) == ShownTexts(12, words=20, pad=0, beside=both, most=18)


def test_families_say_what_they_take_and_how_many_places_they_have() -> None:
    roberta = shown_to(encoder("roberta", pad_token_id=1, type_vocab_size=1))
    assert roberta == ShownTexts(16, words=20, pad=1, beside=("attention_mask",), most=16)


def test_a_prompt_takes_places_of_its_own() -> None:
    network = encoder("bert")
    network.normalise = Prompt(tokens=4).layer(network.body, generator=torch.Generator().manual_seed(0))
    shown = shown_to(network)
    assert isinstance(shown, ShownTexts)
    assert (shown.length, shown.most) == (14, 14)
    batch = drawn(shown, 2, torch.Generator().manual_seed(0))
    assert network(batch.x, **batch.more).shape == (2, 2)


def test_a_net_of_ones_own_says_it_by_its_arguments() -> None:
    shown = shown_to(bag())
    assert shown == ShownTexts(64, words=WORDS, beside=("attention_mask",))
    batch = drawn(shown, 3, torch.Generator().manual_seed(0))
    assert bag()(batch.x, **batch.more).shape == (3, 3)


def test_a_side_of_texts_and_a_length_of_images_are_refused() -> None:
    with pytest.raises(RequestError, match="size=8 is the side of images, and bag reads texts"):
        shown_to(bag(), side=8)
    with pytest.raises(RequestError, match="length=8 is of texts, and resnet8"):
        shown_to(Source.parse("resnet8").load(), length=8)
    with pytest.raises(RequestError, match="takes texts of 18 tokens at most"):
        shown_to(encoder("bert"), length=19)


def test_images_are_those_that_were_always_drawn() -> None:
    one, two = (torch.Generator().manual_seed(3) for _ in range(2))
    found = drawn(ShownImages((3, 4, 4)), 2, one)
    assert torch.equal(found.x, torch.rand(2, 3, 4, 4, generator=two))
    assert not found.more


def test_a_batch_goes_to_files_by_name_and_back() -> None:
    given = texts()
    arrays = arrays_of(shown_to(bag()), given)
    assert [*arrays] == ["input_ids", "attention_mask"]
    back = batch_of({name: torch.from_numpy(array) for name, array in arrays.items()})
    assert torch.equal(back.x, given.x)
    assert torch.equal(back.more["attention_mask"], given.more["attention_mask"])
