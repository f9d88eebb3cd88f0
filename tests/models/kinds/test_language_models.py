"""`hf:` of causal language models: their own head, GPT-2's layers that lie the other way, GGUF, installed wheels."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.models.kinds.test_hf import same, texts
from torch import Tensor, nn

from tombola.errors import ModelError, RequestError
from tombola.joining import kept, whole
from tombola.models.adapted import Adapted
from tombola.models.encoders import EncoderBody, encoder_body
from tombola.models.files import load_network, save_network
from tombola.models.heads.lm import NextWord
from tombola.models.layers import layers_of
from tombola.models.network import Network, num_outputs
from tombola.models.prunable import candidates, prunable
from tombola.models.seeded import seeded
from tombola.models.source import Source
from tombola.tickets.ticket import Ticket

pytest.importorskip("transformers")

LLAMA: dict[str, Any] = {
    "model_type": "llama", "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 24, "max_position_embeddings": 40, "tie_word_embeddings": True,
}  # fmt: skip
GPT2: dict[str, Any] = {"model_type": "gpt2", "vocab_size": 40, "n_embd": 16, "n_layer": 2, "n_head": 2,
                        "n_positions": 40, "bos_token_id": 1, "eos_token_id": 1}  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {"llama": LLAMA, "gpt2": GPT2, "own head": {**LLAMA, "tie_word_embeddings": False}}
SMOLLM2: dict[str, Any] = {
    "model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9,
    "num_key_value_heads": 3, "intermediate_size": 1536, "max_position_embeddings": 8192, "tie_word_embeddings": True,
}  # fmt: skip


def saved(kind: str, place: Path) -> nn.Module:
    """transformers' model of a kind, saved in a folder as they save it."""
    transformers: Any = importlib.import_module("transformers")

    config = transformers.AutoConfig.for_model(**KINDS[kind])
    with seeded(2):
        found: nn.Module = transformers.AutoModelForCausalLM.from_config(config).eval()
    found.save_pretrained(place)  # type: ignore[operator]  # as theirs do
    return found


def loaded(kind: str = "llama", **options: Any) -> Network:
    return Source.parse({"name": "hf:tiny@config", "config": json.dumps(KINDS[kind])}).load(seed=1, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_what_transformers_saved_tells_the_same_next_words(kind: str, tmp_path: Path) -> None:
    theirs = saved(kind, tmp_path)
    network = Source.parse(f"hf:{tmp_path}").load(seed=1)
    ids, more = texts()
    with torch.no_grad():
        wanted = theirs(input_ids=ids, **more).logits
        found = network(ids, **more)
        at = torch.tensor([[5], [3]])
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(network(ids, at=at, **more)[1, 0], wanted[1, 3], rtol=1e-5, atol=1e-6)
    assert network.head_kind.name == "lm"
    assert num_outputs(network.head) == 40
    assert network.origin.source["decoder"] == "lm"


@pytest.mark.parametrize("kind", KINDS)
def test_with_classes_asked_for_it_reads_the_last_word_and_padding_counts_for_nothing(kind: str) -> None:
    network = loaded(kind, num_classes=3)
    (short, beside), (long, more) = texts(), texts(9)
    with torch.no_grad():
        outputs = network(short, **beside)
        torch.testing.assert_close(network(long, **more), outputs, rtol=1e-5, atol=1e-5)
        alone = network(short[1:, :4])
    assert outputs.shape == (2, 3)
    torch.testing.assert_close(alone[0], outputs[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [None, 3])
def test_a_file_of_one_brings_its_head_back(kind: str, classes: int | None, tmp_path: Path) -> None:
    network = loaded(kind, num_classes=classes)
    source = Source.parse({"name": "hf:tiny@config", "config": json.dumps(KINDS[kind])})
    file = save_network(network, tmp_path / "net.safetensors")
    ids, more = texts()
    for again in (Source.parse(f"path:{file}").load(), load_network(source, file)):
        assert same(again, network)
        assert again.head_kind.name == network.head_kind.name
        assert torch.equal(again(ids, **more), network(ids, **more))


def test_a_tied_head_follows_its_table_in_a_copy_and_holds_no_weight_of_its_own() -> None:
    network = loaded()
    twin = network.copy()
    assert isinstance(twin.head, NextWord)
    assert not list(twin.head.parameters())
    with torch.no_grad():
        twin.body.get_parameter("model.embed_tokens.weight").zero_()
    ids, _ = texts()
    assert not bool(twin(ids).any())
    assert bool(network(ids).any())


@pytest.mark.parametrize("kind", KINDS)
def test_embeddings_and_head_are_never_prunable_and_layers_are(kind: str) -> None:
    body = loaded(kind).body
    found = prunable(body, "sparsegpt")
    assert len(found) == (8 if kind == "gpt2" else 14)
    assert not any("embed" in name or "wte" in name or "wpe" in name for name in candidates(body))
    assert not any(name.startswith("classifier") for name in found)


def test_smollm2_has_as_many_prunable_weights_as_its_configuration_says() -> None:
    with torch.device("meta"):
        body = encoder_body(json.dumps(SMOLLM2), 2, "cls")
    found = prunable(body, "sparsegpt")
    assert (len(found), sum(weight.numel() for weight in found.values())) == (210, 106_168_320)


def test_gpt2s_layers_lie_the_other_way_and_a_channel_is_an_output_all_the_same() -> None:
    from tombola.fitting.entering import Entering
    from tombola.verbs import draw

    network = loaded("gpt2")
    name = "transformer.h.0.mlp.c_fc.weight"
    layer = layers_of(network.body, [name])[name]
    assert (tuple(layer.shape), layer.outputs) == ((16, 64), 64)
    ticket = draw(network, {"name": "omp", "sparsity": 0.5, "prunable": "sparsegpt", "pattern": "channel"})
    mask = ticket.masks[name]
    assert bool((mask == mask[:1]).all()), "an output lives or dies whole"
    assert 0 < int(mask[0].sum()) < 64
    with Entering(network.body, [name]) as entering, torch.no_grad():
        network(texts()[0])
    assert bool((entering.norms()[name] == entering.norms()[name][:, :1]).all()), "a number an input"


def test_an_older_gpt2_names_its_layers_alone(tmp_path: Path) -> None:
    theirs = saved("gpt2", tmp_path)
    old = {f"{name.removeprefix('transformer.')}": value for name, value in theirs.state_dict().items()}
    old["h.0.attn.bias"] = torch.ones(1, 1, 4, 4)
    save_file({name: value.clone() for name, value in old.items()}, tmp_path / "model.safetensors")
    network = Source.parse(f"hf:{tmp_path}").load()
    with torch.no_grad():
        torch.testing.assert_close(network(texts()[0]), theirs(texts()[0]).logits, rtol=1e-5, atol=1e-6)


def test_a_head_that_the_file_lacks_is_missed(tmp_path: Path) -> None:
    theirs = saved("own head", tmp_path)
    weights: dict[str, Tensor] = {name: value for name, value in theirs.state_dict().items() if "lm_head" not in name}
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match=r"not tied to the words, and the file no lm_head\.weight"):
        Source.parse(f"hf:{tmp_path}").load()


def hidden_words(kind: str, place: Path, **options: Any) -> Any:
    """transformers' masked language model of a family, saved in a folder as they save it."""
    from tests.models.kinds.test_hf import FAMILIES

    transformers: Any = importlib.import_module("transformers")
    config = transformers.AutoConfig.for_model(kind, **{**FAMILIES[kind], **options})
    with seeded(2):
        model = transformers.AutoModelForMaskedLM.from_config(config).eval()
    model.save_pretrained(place)
    return model


@pytest.mark.parametrize(("kind", "theirs"), [("bert", "cls.predictions"), ("roberta", "lm_head"),
                                              ("distilbert", "vocab"), ("electra", "generator"),
                                              ("modernbert", "head")])  # fmt: skip
def test_an_encoders_head_of_hidden_words_comes_where_it_is_asked_for(kind: str, theirs: str, tmp_path: Path) -> None:
    model = hidden_words(kind, tmp_path, initializer_range=0.5)  # far above any eps of norms
    network = Source.parse({"name": f"hf:{tmp_path}", "decoder": "mlm"}).load(seed=1)
    ids, more = texts()
    with torch.no_grad():
        torch.testing.assert_close(network(ids, **more), model(ids, **more).logits, rtol=1e-3, atol=1e-5)
    assert Source.parse(f"hf:{tmp_path}").load().head_kind.name == "linear"


def test_a_head_of_hidden_words_that_is_not_known_begins_fresh_and_that_is_said(tmp_path: Path) -> None:
    model = hidden_words("bert", tmp_path)
    weights = {name.replace("cls.predictions", "mine"): value.clone() for name, value in model.state_dict().items()}
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.warns(
        UserWarning, match=r"a head of words of a form not known here \(mine\..*decoder=mlm begins fresh"
    ):
        network = Source.parse({"name": f"hf:{tmp_path}", "decoder": "mlm"}).load(seed=1)
    assert num_outputs(network.head) == len(weights["mine.bias"])


@pytest.mark.parametrize(
    ("kind", "options"), [("bert", {"hidden_act": "relu"}), ("bert", {"tie_word_embeddings": False})]
)
def test_a_head_of_hidden_words_that_is_built_otherwise_begins_fresh(
    kind: str, options: dict[str, Any], tmp_path: Path
) -> None:
    hidden_words(kind, tmp_path, **options)
    with pytest.warns(UserWarning, match=r"of a form not known here \(cls\..*decoder=mlm begins fresh"):
        Source.parse({"name": f"hf:{tmp_path}", "decoder": "mlm"}).load(seed=1)


def test_a_bias_that_modernbert_leaves_out_is_zero(tmp_path: Path) -> None:
    model = hidden_words("modernbert", tmp_path, decoder_bias=False)
    network = Source.parse({"name": f"hf:{tmp_path}", "decoder": "mlm"}).load(seed=1)
    ids, more = texts()
    with torch.no_grad():
        torch.testing.assert_close(network(ids, **more), model(ids, **more).logits, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("notjson", "no configuration that transformers reads"),
        ("{}", "no configuration that transformers reads"),
        ('{"model_type": "bert", "hidden_size": 16, "num_attention_heads": 3}', "makes no net of this configuration"),
        ('{"model_type": "t5"}', "t5 is of an encoder and a decoder, and nets of texts here have one"),
    ],
)
def test_a_configuration_that_makes_no_net_is_told(config: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        Source.parse({"name": "hf:tiny@config", "config": config}).load()


def test_a_ticket_of_a_package_needs_it_no_more_once_it_holds_all_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tombola import verbs

    place = tmp_path / "a_wheel_with_a_net"
    saved("gpt2", place / "model")
    (place / "__init__.py").write_text("")
    with monkeypatch.context() as there:
        there.syspath_prepend(str(tmp_path))
        network = Source.parse("hf:package:a_wheel_with_a_net").load()
        ticket = verbs.draw(network, {"name": "omp", "sparsity": 0.5, "prunable": "re:c_attn"})
        masked = verbs.applied(network, ticket)
        file = kept(masked, ticket, Adapted.of({"name": "text"}, size=None, classes=())).save(tmp_path / "x.ticket")
    ids, more = texts()
    back = whole(Ticket.load(file))
    with torch.no_grad():
        assert torch.equal(back(ids, **more), masked(ids, **more))


def gguf_file(place: Path) -> Path:
    """A tiny Llama as llama.cpp has it, 12 words and two merges among them."""
    gguf = pytest.importorskip("gguf")
    place.mkdir(exist_ok=True)
    writer = gguf.GGUFWriter(str(place / "tiny.gguf"), "llama")
    writer.add_name("tiny")
    writer.add_block_count(1)
    writer.add_context_length(32)
    writer.add_embedding_length(8)
    writer.add_feed_forward_length(12)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(WORDS))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(WORDS)
    writer.add_token_merges(["Ġ a", "a b"])
    writer.add_token_types([3, *[1] * (len(WORDS) - 1)])
    writer.add_eos_token_id(0)
    writer.add_pad_token_id(0)
    drawn = torch.Generator().manual_seed(0)
    for name, shape in TENSORS.items():
        writer.add_tensor(name, torch.randn(shape, generator=drawn).numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return place / "tiny.gguf"


WORDS = ["<|endoftext|>", "a", "b", "c", "Ġ", "Ġa", "ab", "d", "e", "f", "g", "h"]
TENSORS = {
    "token_embd.weight": (12, 8), "output_norm.weight": (8,), "blk.0.attn_norm.weight": (8,),
    "blk.0.attn_q.weight": (8, 8), "blk.0.attn_k.weight": (4, 8), "blk.0.attn_v.weight": (4, 8),
    "blk.0.attn_output.weight": (8, 8), "blk.0.ffn_norm.weight": (8,), "blk.0.ffn_gate.weight": (12, 8),
    "blk.0.ffn_up.weight": (12, 8), "blk.0.ffn_down.weight": (8, 12),
}  # fmt: skip


def test_a_gguf_file_is_a_whole_model(tmp_path: Path) -> None:
    transformers: Any = importlib.import_module("transformers")

    file = gguf_file(tmp_path / "made")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(str(file.parent), gguf_file=file.name)
    ids = torch.tensor([[1, 2, 5, 6]])
    for name in (file, file.parent):
        network = Source.parse(f"hf:{name}").load()
        with torch.no_grad():
            torch.testing.assert_close(network(ids), theirs(ids).logits, rtol=1e-5, atol=1e-6)
    assert isinstance(network.body, EncoderBody)
    assert network.origin.source["name"] == "hf:made"
    assert Source.parse(f"hf:{file}").identity()["sha256"] == Source.parse(f"hf:{file.parent}").identity()["sha256"]
    again = Source.parse(network.origin.net).load()
    assert {**again.body.state_dict()}.keys() == {**network.body.state_dict()}.keys()
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=r"broken\.gguf: no GGUF file that can be read"):
        Source.parse(f"hf:{tmp_path}/broken.gguf").load()


def test_the_folder_of_an_installed_package_is_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "a_wheel_with_a_model"
    saved("llama", package / "model")
    (package / "__init__.py").write_text("raise SystemExit('nobody runs this')")
    monkeypatch.syspath_prepend(str(tmp_path))
    network = Source.parse("hf:package:a_wheel_with_a_model").load()
    assert network.source == "hf:package:a_wheel_with_a_model"
    assert network.origin.seed is None
    with pytest.raises(RequestError, match="no package of this name is installed; type: pip install not-there"):
        Source.parse("hf:package:not_there").load()
