"""Encoders of texts as ONNX: inputs by the names users expect, any batch, any length, zeros kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.models.encoders import FAMILIES, encoder
from tests.models.texts import bag

from tombola.errors import RequestError
from tombola.exporters._base import Exporter
from tombola.exporters._masked import masked
from tombola.exporters.onnx import noted
from tombola.masks.masks import Masks
from tombola.models.adapted import Adapted
from tombola.models.inputs.prompt import Prompt
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.showing import arrays_of, drawn, shown_to
from tombola.shown import ShownTexts

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def runtime() -> Any:
    """ONNX Runtime, where it is installed."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    return pytest.importorskip("onnxruntime")


def half(network: Network) -> Masks:
    """Every other weight of the encoder's matrices is pruned."""
    found = {}
    for name, weight in prunable(network.body, "bert").items():
        found[name] = torch.ones(weight.shape, dtype=torch.bool)
        found[name].flatten()[::2] = False
    return Masks(found)


def session_of(network: Network, masks: Masks, out: Path, runtime: Any) -> Any:
    """The exported network, running."""
    (file,) = Exporter.parse("onnx").export(network, masks, out)
    return runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])


def require_same_logits(network: Network, session: Any) -> None:
    """Those of torch at two batches and two lengths, and of a text that is filled up."""
    shown = shown_to(network)
    assert isinstance(shown, ShownTexts)
    assert [item.name for item in session.get_inputs()] == [*shown.names]
    assert {item.type for item in session.get_inputs()} == {"tensor(int64)"}
    assert {tuple(item.shape) for item in session.get_inputs()} == {("batch", "length")}
    for count, length in ((1, 5), (3, 20)):
        batch = drawn(shown.at(length), count, torch.Generator().manual_seed(count))
        arrays = arrays_of(shown, batch)
        (found,) = session.run(None, arrays)
        with torch.no_grad():
            wanted = network(batch.x, **batch.more).numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5 * np.abs(wanted).max())
        longer = {name: np.pad(array, ((0, 0), (0, 7))) for name, array in arrays.items()}
        longer["input_ids"][:, length:] = shown.pad
        (filled,) = session.run(None, longer)
        np.testing.assert_allclose(filled, found, rtol=1e-4, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.slow
def test_a_bert_runs_elsewhere_with_its_zeros_and_says_what_it_answers(tmp_path: Path, runtime: Any) -> None:
    import onnx
    from onnx import numpy_helper

    network = encoder("bert", num_hidden_layers=1)
    data = {"name": "text:x", "length": 12, "tokenizer": {"sha256": "7"}}
    network.adapted = Adapted.of({"name": "text", "data": data}, size=None, classes=("a", "b", "c"))
    masks = half(network)
    require_same_logits(masked(network, masks), session_of(network, masks, tmp_path / "net.onnx", runtime))
    held = [numpy_helper.to_array(item) for item in onnx.load(str(tmp_path / "net.onnx")).graph.initializer]
    matrices = [array for array in held if array.ndim == 2 and array.size >= 16 * 16 and (array == 0).mean() > 0.1]
    assert sum(int((array == 0).sum()) for array in matrices) >= masks.total - masks.kept
    notes = noted(tmp_path / "net.onnx")
    assert notes["adapted"]["classes"] == ["a", "b", "c"]
    assert notes["adapted"]["task"]["data"]["tokenizer"] == {"sha256": "7"}
    assert (notes["pad"], notes["most"]) == (0, 32)
    told = Exporter.parse("onnx").told([tmp_path / "net.onnx"])
    words = "texts of any length up to 32 tokens (input_ids, attention_mask, token_type_ids)"
    assert told[0] == f"opset 18, {words}, any batch"


@pytest.mark.slow
@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "bert"])
def test_other_families(family: str, tmp_path: Path, runtime: Any) -> None:
    network = encoder(family, pool="mean")
    masks = half(network)
    require_same_logits(masked(network, masks), session_of(network, masks, tmp_path / "net.onnx", runtime))


@pytest.mark.slow
def test_a_net_of_ones_own_does_too(tmp_path: Path, runtime: Any) -> None:
    network = bag().eval()
    require_same_logits(network, session_of(network, Masks({}), tmp_path / "net.onnx", runtime))
    assert noted(tmp_path / "net.onnx")["most"] is None


@pytest.mark.slow
@pytest.mark.parametrize("head", ["mlm", "prompt"])
def test_heads_of_words_and_prompts_do_too(head: str, tmp_path: Path, runtime: Any) -> None:
    network, generator = encoder(num_hidden_layers=1), torch.Generator().manual_seed(0)
    if head == "mlm":
        network = network.with_head(60, generator=generator, head="mlm").eval()
    else:
        network.normalise = Prompt(tokens=3).layer(network.body, generator=generator)
    session = session_of(network, Masks({}), tmp_path / "net.onnx", runtime)
    batch = drawn(shown_to(network, length=11), 3, generator)
    (found,) = session.run(None, arrays_of(shown_to(network, length=11), batch))
    with torch.no_grad():
        np.testing.assert_allclose(found, network(batch.x, **batch.more).numpy(), rtol=1e-4, atol=1e-5)


def test_texts_have_no_side(tmp_path: Path, runtime: Any) -> None:
    with pytest.raises(RequestError, match="size=8 is the side of images"):
        Exporter.parse({"name": "onnx", "size": 8}).export(bag(), Masks({}), tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())
