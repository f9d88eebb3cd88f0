"""Folders that transformers loads: its own class where one answers alike, the encoder and its head where none does."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.exporters.test_onnx_texts import half
from tests.fitting.toys import network as of_images
from tests.models.encoders import encoder
from torch.nn import functional as F

from tombola.errors import ModelError, RequestError
from tombola.exporters._base import Exporter
from tombola.exporters._masked import masked
from tombola.masks.masks import Masks
from tombola.models.adapted import Adapted
from tombola.models.inputs.prompt import Prompt
from tombola.models.network import Network
from tombola.models.showing import drawn, shown_to

transformers = pytest.importorskip("transformers")

EXPORTER = Exporter.parse("transformers")


def loaded(auto: str, folder: Path) -> Any:
    """What transformers makes of the folder."""
    return getattr(transformers, auto).from_pretrained(str(folder), local_files_only=True).eval()


def logits(network: Network) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Random texts as transformers call them, and what the network says."""
    batch = drawn(shown_to(network), 4, torch.Generator().manual_seed(0))
    with torch.no_grad():
        return {"input_ids": batch.x, **batch.more}, network(batch.x, **batch.more)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_it_comes_back_as_a_classifier_with_its_zeros_its_logits_and_its_classes(family: str, tmp_path: Path) -> None:
    network = encoder(family)
    network.adapted = Adapted.of({"name": "text", "data": {"name": "x"}}, size=None, classes=("bad", "fair", "good"))
    masks = half(network)
    files = EXPORTER.export(network, masks, tmp_path / "net")
    assert [file.name for file in files] == ["config.json", "model.safetensors", "tombola.json"]
    model = loaded("AutoModelForSequenceClassification", tmp_path / "net")
    assert model.config.id2label == {0: "bad", 1: "fair", 2: "good"}
    given, wanted = logits(masked(network, masks))
    with torch.no_grad():
        torch.testing.assert_close(model(**given).logits, wanted, rtol=1e-5, atol=1e-6)
    zeros = sum(int((tensor == 0).sum()) for name, tensor in model.state_dict().items() if name.endswith("weight"))
    assert zeros >= masks.total - masks.kept
    told = EXPORTER.told(files)
    assert told[0].startswith("AutoModelForSequenceClassification.from_pretrained(")
    assert "classes: bad, fair, good" in told


def test_one_number_comes_back_as_a_regression(tmp_path: Path) -> None:
    network = encoder("bert").with_head(1, generator=torch.Generator().manual_seed(0)).eval()
    EXPORTER.export(network, Masks({}), tmp_path / "net")
    model = loaded("AutoModelForSequenceClassification", tmp_path / "net")
    assert model.config.problem_type == "regression"
    given, wanted = logits(network)
    with torch.no_grad():
        torch.testing.assert_close(model(**given).logits, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("family", "pool"), [("bert", "mean"), ("distilbert", "cls"), ("electra", "cls")])
def test_a_head_that_no_class_has_stands_beside_the_encoder_and_that_is_said(
    family: str, pool: str, tmp_path: Path
) -> None:
    network = encoder(family, pool=pool)
    masks = half(network)
    files = EXPORTER.export(network, masks, tmp_path / "net")
    model, head = loaded("AutoModel", tmp_path / "net"), load_file(tmp_path / "net" / "head.safetensors")
    given, wanted = logits(masked(network, masks))
    with torch.no_grad():
        found = model(**given).last_hidden_state
        mask = given["attention_mask"][..., None]
        vector = (found * mask).sum(1) / mask.sum(1) if pool == "mean" else found[:, 0]
        torch.testing.assert_close(F.linear(vector, head["weight"], head["bias"]), wanted, rtol=1e-5, atol=1e-6)
    told = EXPORTER.told(files)
    assert "is the encoder alone" in told[0]
    assert ("the mean of the tokens" if pool == "mean" else "the first token's") in told[1]
    assert json.loads((tmp_path / "net" / "tombola.json").read_text())["pool"] == pool


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_a_head_of_hidden_words_is_theirs(family: str, tmp_path: Path) -> None:
    network = encoder(family, layer_norm_eps=1e-5)
    network = network.with_head(60, generator=torch.Generator().manual_seed(0), head="mlm").eval()
    with torch.no_grad():
        network.body.get_parameter("classifier.bias").copy_(torch.arange(60) / 30)
    EXPORTER.export(network, half(network), tmp_path / "net")
    given, wanted = logits(masked(network, half(network)))
    with torch.no_grad():
        found = loaded("AutoModelForMaskedLM", tmp_path / "net")(**given).logits
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_norm_with_another_epsilon_is_another_head(tmp_path: Path) -> None:
    network = encoder().with_head(60, generator=torch.Generator().manual_seed(0), head="mlm").eval()
    told = EXPORTER.told(EXPORTER.export(network, Masks({}), tmp_path / "net"))
    assert told[1] == "head.safetensors is the head (mlm) on every token"


def tokenizer(folder: Path, words: tuple[str, ...] = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b")) -> Path:
    """A folder with a BERT's vocabulary."""
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    (folder / "weights.bin").write_bytes(b"no part of it")
    return folder


def test_the_tokeniser_goes_along_and_another_one_is_refused(tmp_path: Path) -> None:
    from tombola.data._tokenizer_files import of_files

    mine, other = tokenizer(tmp_path / "mine"), tokenizer(tmp_path / "other", ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "c"))
    network = encoder(num_hidden_layers=1)
    data = {"name": "x", "tokenizer": of_files(str(mine)).identity()}
    network.adapted = Adapted.of({"name": "text", "data": data}, size=None, classes=("a", "b", "c"))
    exporter = Exporter.parse({"name": "transformers", "tokenizer": str(mine)})
    files = exporter.export(network, Masks({}), tmp_path / "net")
    assert [file.name for file in files] == ["config.json", "model.safetensors", "tombola.json", "vocab.txt"]
    assert not any("no tokeniser goes along" in line for line in exporter.told(files))
    shutil.rmtree(tmp_path / "net")
    with pytest.raises(RequestError, match="learned its texts with another tokeniser"):
        Exporter.parse({"name": "transformers", "tokenizer": str(other)}).export(network, Masks({}), tmp_path / "net")
    assert not (tmp_path / "net").exists()


def test_a_tokeniser_without_files_is_said(tmp_path: Path) -> None:
    network = encoder(num_hidden_layers=1)
    data = {"name": "prose", "tokenizer": "plain:60"}
    network.adapted = Adapted.of({"name": "text", "data": data}, size=None, classes=("a", "b", "c"))
    told = EXPORTER.told(EXPORTER.export(network, Masks({}), tmp_path / "net"))
    assert told[-1] == "its texts were cut into words by plain:60, which has no files: no tokeniser goes along"


def test_what_no_configuration_says_is_refused(tmp_path: Path) -> None:
    network = encoder(num_hidden_layers=1)
    prompted = network.copy()
    prompted.normalise = Prompt(tokens=2).layer(prompted.body, generator=torch.Generator().manual_seed(0))
    with pytest.raises(RequestError, match="has a prompt before it"):
        EXPORTER.export(prompted, Masks({}), tmp_path / "net")
    with pytest.raises(RequestError, match=r"transformers is for nets of texts, and .* reads images; write one of"):
        EXPORTER.export(of_images(), Masks({}), tmp_path / "net")
    dense: Any = network.body.get_submodule("bert.encoder.layer.0.intermediate.dense")
    dense.weight = torch.nn.Parameter(dense.weight[:5])
    with pytest.raises(ModelError, match=r"intermediate\.dense\.weight was made smaller than the configuration says"):
        EXPORTER.export(network, Masks({}), tmp_path / "net")
    assert not list(tmp_path.iterdir())
