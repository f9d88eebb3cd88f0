"""`hf:`: encoders from a configuration or a folder, random from the seed, and nothing but safetensors is read."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.embeddings import table_of
from tombola.models.encoders import EncoderBody, encoder_body
from tombola.models.files import load_network, save_network
from tombola.models.network import num_outputs
from tombola.models.prunable import prunable
from tombola.models.seeded import seeded
from tombola.models.source import Source

pytest.importorskip("transformers")

SMALL: dict[str, Any] = {
    "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
    "max_position_embeddings": 40,
}  # fmt: skip
FAMILIES: dict[str, dict[str, Any]] = {
    "bert": SMALL,
    "roberta": SMALL,
    "electra": {**SMALL, "embedding_size": 8},
    "distilbert": {"vocab_size": 40, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 24},
    "modernbert": {**SMALL, **dict.fromkeys(("eos_token_id", "bos_token_id", "cls_token_id", "sep_token_id"), 2)}
    | {"pad_token_id": 0},
}
MATRICES = {"bert": 13, "roberta": 13, "electra": 12, "distilbert": 12, "modernbert": 8}


def folder(place: Path, kind: str = "bert") -> Path:
    """A folder with a configuration alone."""
    place.mkdir(exist_ok=True)
    (place / "config.json").write_text(json.dumps({"model_type": kind, **FAMILIES[kind]}))
    return place


def texts(length: int = 6) -> tuple[Tensor, dict[str, Tensor]]:
    """Two texts of six and four words, padded to a length."""
    ids = torch.zeros(2, length, dtype=torch.long)
    ids[0, :6], ids[1, :4] = torch.tensor([5, 9, 30, 7, 8, 6]), torch.tensor([5, 3, 21, 6])
    return ids, {"attention_mask": (ids > 0).long()}


def same(one: nn.Module, other: nn.Module) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return [*first] == [*second] and all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("pool", ["cls", "mean"])
def test_every_family_answers_in_as_many_classes_and_padding_counts_for_nothing(
    kind: str, pool: str, tmp_path: Path
) -> None:
    network = Source.parse({"name": f"hf:{folder(tmp_path / 'x', kind)}", "pool": pool}).load(num_classes=3, seed=1)
    (short, beside), (long, more) = texts(), texts(9)
    with torch.no_grad():
        outputs = network(short, **beside)
        assert outputs.shape == (2, 3)
        torch.testing.assert_close(network(long, **more), outputs, rtol=1e-5, atol=1e-5)
        embedded = table_of(network.body)(short)
        torch.testing.assert_close(network(embedded, **beside), outputs, rtol=1e-5, atol=1e-5)
    assert num_outputs(network.head) == 3
    assert len(prunable(network.body, "bert")) == MATRICES[kind]


def test_bert_base_has_as_many_prunable_weights_as_its_paper_says() -> None:
    with torch.device("meta"):
        body = encoder_body('{"model_type": "bert"}', 2, "cls")
    found = prunable(body, "bert")
    assert len(found) == 73
    assert sum(weight.numel() for weight in found.values()) == 85_524_480
    names = [name.removeprefix("bert.") for name in found]
    assert names[0] == "encoder.layer.0.attention.self.query.weight"
    assert names[-1] == "pooler.dense.weight"


def test_a_configuration_alone_gives_random_weights_from_the_seed(tmp_path: Path) -> None:
    source, before = Source.parse(f"hf:{folder(tmp_path / 'tiny')}"), torch.get_rng_state()
    one, twin, other = (source.load(seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert same(one, twin)
    assert not same(one, other)
    assert one.source == "hf:tiny@config (random, seed 3)"
    assert str(tmp_path) not in str(one.origin.identity())


def test_weights_of_a_folder_are_read_whatever_head_they_had(tmp_path: Path) -> None:
    place = folder(tmp_path / "tiny")
    wanted = Source.parse(f"hf:{place}").load(seed=7)
    inner = {f"bert.{name}": value.clone() for name, value in wanted.body.get_submodule("bert").state_dict().items()}
    without = {name: value for name, value in inner.items() if "pooler" not in name}
    older = {name.replace("LayerNorm.weight", "LayerNorm.gamma"): value for name, value in inner.items()}
    for weights in (inner, older, without, {name.removeprefix("bert."): value for name, value in inner.items()}):
        heads = {} if any(not name.startswith("bert.") for name in weights) else {"cls.bias": torch.ones(3)}
        save_file({**weights, **heads}, place / "model.safetensors")
        found = Source.parse(f"hf:{place}").load(seed=1)
        kept = [name for name in inner if name in without or weights is not without]
        assert all(torch.equal(found.body.state_dict()[name], inner[name]) for name in kept)
        assert found.origin.seed is None
        assert len(found.origin.sha256) == 64


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("theirs", ["AutoModel", "AutoModelForMaskedLM"])
def test_what_transformers_saved_is_what_is_loaded(kind: str, theirs: str, tmp_path: Path) -> None:
    import transformers

    config = transformers.AutoConfig.for_model(kind, **FAMILIES[kind])
    with seeded(2):
        saved = getattr(transformers, theirs).from_config(config).eval()
    saved.save_pretrained(tmp_path / "saved")
    found = Source.parse(f"hf:{tmp_path / 'saved'}").load(seed=1)
    ids, more = texts()
    assert isinstance(found.body, EncoderBody)
    with torch.no_grad():
        mine = found.body.inner(ids, **more).last_hidden_state
        other = saved.base_model(ids, **more).last_hidden_state
    assert torch.equal(mine, other)
    assert found.origin.seed is None


def test_a_hubs_name_is_read_from_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    kept = tmp_path / "models--nobody--tiny"
    place = folder(tmp_path / "tiny")
    wanted = Source.parse(f"hf:{place}").load(seed=7)
    (kept / "snapshots").mkdir(parents=True)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("abc")
    place.rename(kept / "snapshots" / "abc")
    save_file(wanted.body.get_submodule("bert").state_dict(), kept / "snapshots" / "abc" / "model.safetensors")
    found = Source.parse("hf:nobody/tiny").load(seed=1)
    assert torch.equal(
        found.body.get_parameter("bert.pooler.dense.weight"), wanted.body.get_parameter("bert.pooler.dense.weight")
    )
    assert found.source == "hf:nobody/tiny"
    assert Source.parse("hf:nobody/tiny").identity()["name"] == "hf:nobody/tiny"
    with pytest.raises(ModelError, match=r"hf:nobody/absent: .* not on this machine .* write hf:THAT_FOLDER"):
        Source.parse("hf:nobody/absent").load()


def test_what_lacks_a_layer_is_refused(tmp_path: Path) -> None:
    place = folder(tmp_path / "tiny")
    inner = Source.parse(f"hf:{place}").load().body.get_submodule("bert").state_dict()
    save_file({name: value for name, value in inner.items() if "layer.1" not in name}, place / "model.safetensors")
    with pytest.raises(ModelError, match=r"in the model but not in the file: encoder\.layer\.1"):
        Source.parse(f"hf:{place}").load()


def test_pickles_are_refused(tmp_path: Path) -> None:
    place = folder(tmp_path / "tiny")
    (place / "pytorch_model.bin").write_bytes(b"anything")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin.*save_pretrained"):
        Source.parse(f"hf:{place}").load()


@pytest.mark.parametrize("text", ["[1]", "{}", "{", '{"model_type": "nothing_like_it"}'])
def test_a_configuration_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ModelError, match="configuration"):
        Source.parse(f"hf:{tmp_path}").load()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such folder"):
        Source.parse(f"hf:{tmp_path}/nothing").load()
    with pytest.raises(ModelError, match="a folder or a hub's name stands behind hf:"):
        Source.parse("hf:")


def test_what_is_of_the_kind_stands_beside_the_name_and_in_no_other_kinds(tmp_path: Path) -> None:
    place = folder(tmp_path / "tiny")
    source = Source.parse({"name": f"hf:{place}", "pool": "mean"})
    assert source.options == (("pool", "mean"),)
    assert source.identity() != Source.parse(f"hf:{place}").identity()
    assert "options" not in Source.parse("resnet8").identity()
    with pytest.raises(ModelError, match="pool: no such option"):
        Source.parse({"name": "resnet8", "pool": "mean"})
    with pytest.raises(ModelError, match="pool='max'"):
        Source.parse({"name": f"hf:{place}", "pool": "max"})
    with pytest.raises(ModelError, match="width goes with resnet8"):
        Source.parse({"name": f"hf:{place}", "width": 2})


def test_a_key_holds_the_folders_content_and_not_its_place(tmp_path: Path) -> None:
    one, other = (Source.parse(f"hf:{folder(tmp_path / name)}") for name in ("one", "other"))
    assert one.identity() == other.identity()
    save_file({"x": torch.ones(1)}, tmp_path / "one" / "model.safetensors")
    assert one.identity() != other.identity()


def test_its_origin_builds_the_net_where_the_folder_is_not(tmp_path: Path) -> None:
    network = Source.parse({"name": f"hf:{folder(tmp_path / 'tiny')}", "pool": "mean"}).load(num_classes=3, seed=5)
    again = Source.parse(network.origin.source).load(num_classes=3, seed=5)
    bare = Source.parse(network.origin.net).load(num_classes=3, seed=5)
    assert same(again, network)
    assert same(bare, network)


def test_a_file_of_a_trained_one_is_read_back(tmp_path: Path) -> None:
    source = Source.parse({"name": f"hf:{folder(tmp_path / 'tiny')}", "pool": "mean"})
    network = source.load(num_classes=4, seed=5)
    file = save_network(network, tmp_path / "net.safetensors")
    ids, more = texts()
    for again in (Source.parse(f"path:{file}").load(), load_network(source, file)):
        assert same(again, network)
        assert torch.equal(again(ids, **more), network(ids, **more))


def test_a_file_brings_its_prompt_back(tmp_path: Path) -> None:
    source = Source.parse({"name": f"hf:{folder(tmp_path / 'tiny')}", "input": {"name": "prompt", "ids": [5, 9]}})
    network = source.load(num_classes=3, seed=5)
    with torch.no_grad():
        network.normalise.get_parameter("vectors").add_(1)
    file = save_network(network, tmp_path / "net.safetensors")
    again = Source.parse(f"path:{file}").load()
    ids, more = texts()
    assert same(again, network)
    assert torch.equal(again(ids, **more), network(ids, **more))
    assert not torch.equal(network(ids, **more), source.replace(input=None).load(num_classes=3, seed=5)(ids, **more))
    with pytest.raises(ModelError, match=r"has no nn\.Embedding"):
        Source.parse({"name": "resnet8", "input": "prompt:2"}).load()


def test_a_normaliser_of_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="reads no images"):
        Source.parse({"name": f"hf:{folder(tmp_path / 'tiny')}", "normalise": "imagenet"}).load()


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source.parse({"name": "hf:tiny@config", "config": json.dumps({"model_type": "bert", **SMALL})})
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(
        ModelError, match=r"hf: needs transformers, not installed here; type: pip install 'tombola\[text"
    ):
        source.load()
