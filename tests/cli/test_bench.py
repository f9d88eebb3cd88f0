"""``tombola bench``: what it prints and writes, and what it refuses."""

import copy
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.exporters import _onnx_file
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.shown import Shown

FAST = ("--engine", "torch", "--runs", "3", "--warmup", "1")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def _onnx_once() -> Iterator[None]:
    """Torch's exporter takes seconds: what it made of a network's weights is made once for this file."""
    make, made = _onnx_file.onnx_model, dict[tuple[object, ...], Any]()

    def once(network: Network, shown: Shown, opset: int) -> Any:
        key = (weights_digest(network), shown, opset)
        if key not in made:
            made[key] = make(network, shown, opset)
        return copy.deepcopy(made[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_onnx_file, "onnx_model", once)
        yield


def run(*words: str) -> Any:
    """The result of a command."""
    return CliRunner().invoke(app, list(words))


def said(*words: str) -> str:
    """What a command prints on stdout."""
    result = run(*words)
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def refused(*words: str) -> str:
    """The message of a request that is wrong."""
    result = run(*words)
    assert result.exit_code == 2, result.output
    return " ".join(str(result.output).split())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A ticket."""
    out = str(tmp_path_factory.mktemp("drawn") / "x.ticket")
    said("draw", "resnet8", "--set", "sparsity=0.9", "--set", "model.width=0.25", "-o", out)
    return out


@pytest.fixture(scope="module")
def adapted(drawn: str) -> str:
    """The same, which tells digits apart."""
    out = str(Path(drawn).with_name("y.ticket"))
    said("transfer", drawn, "--task", "digits", "--how", "linear", "-o", out)
    return out


@pytest.mark.slow
def test_a_ticket_as_json_file_and_picture_without_an_engine_that_is_not_installed(
    drawn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else find(name))
    out = ("--json", "-o", "bench.json", "--picture", "bench.png")
    printed = said("bench", drawn, *FAST, "--engine", "openvino", "--batch", "2", *out)
    result = json.loads(printed)
    assert result == json.loads(Path("bench.json").read_text(encoding="utf-8"))
    assert result["setting"] == {"size": [3, 32, 32], "batch": 2, "threads": 1, "pin": []}
    assert result["sparsity"] == pytest.approx(0.9, abs=1e-3)
    (engine,) = result["engines"]
    assert (engine["engine"], engine["runs"], engine["x_float32"]) == ("torch:channels_last", 3, 1.0)
    assert engine["difference"] < 1e-5
    assert result["left_out"] == {"openvino": "needs openvino; type: pip install 'tombola[onnx,openvino]'"}
    assert Path("bench.png").read_bytes().startswith(b"\x89PNG")
    assert "no engine can run this" in refused("bench", drawn, "--engine", "openvino")


@pytest.mark.slow
@pytest.mark.usefixtures("_onnx_once")
def test_accuracy_is_measures_of_the_same_net(adapted: str) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    rows = json.loads(said("measure", adapted, "--task", "digits", "--json"))
    result = json.loads(said("bench", adapted, "--task", "digits", "--engine", "onnxruntime", "--runs", "3", "--json"))
    assert result["samples"] == rows[0]["samples"]
    assert result["engines"][0]["accuracy"] == pytest.approx(rows[0]["value"], abs=0.2)
    assert result["setting"]["size"] == [3, 16, 16], "the task's images"
    assert "leave out --size" in refused("bench", adapted, "--task", "digits", "--size", "32", *FAST)


@pytest.mark.slow
@pytest.mark.usefixtures("_onnx_once")
def test_int8_is_calibrated_on_training_images_of_the_task(adapted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    monkeypatch.setattr("tombola.engines._processor.has", lambda _: True)
    asked = ("--engine", "onnxruntime:int8", "--runs", "2", "--json")
    result = json.loads(said("bench", adapted, "--task", "digits", "--samples", "100", *asked))
    (engine,) = result["engines"]
    assert result["calibrated_on"] == "128 training images of the task"
    assert (result["samples"], result["test_images"] > 100, engine["remarks"]) == (100, True, [])
    assert engine["accuracy"] > 20


@pytest.mark.slow
def test_a_model_that_is_no_ticket_is_timed_dense() -> None:
    printed = said("bench", "resnet8", "--engine", "native", "--runs", "3", "--warmup", "1", "--size", "16")
    assert "nothing pruned" in printed
    assert "3x16x16" in printed


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_engine_by_default_layer_by_layer(drawn: str) -> None:
    result = json.loads(said("bench", drawn, "--seconds", "0.2", "--per-layer", "--json"))
    ran = {engine["engine"]: engine for engine in result["engines"]}
    assert {"torch:channels_last", "native"} <= set(ran)
    rounding = {"float32": 1e-4, "bfloat16": 0.1, "int8": 0.5}  # of bfloat16 where the processor has it
    assert all(engine["difference"] < rounding[engine["arithmetic"]] for engine in ran.values())
    layers = {layer["name"]: layer for layer in ran["native"]["layers"]}
    assert layers["layer1.0.conv1"]["survivors"] <= layers["layer1.0.conv1"]["total"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("none.ticket",), "none.ticket"),
        ((), "Name a ticket"),
        (("resnet8", "--calibrate"), "leave the ticket out"),
        (("resnet8", "--engine", "onxruntime"), "did you mean 'onnxruntime'"),
        (("resnet8", "--engine", "torch:sideways"), "layout"),
        (("resnet8", "--model", "resnet20", *FAST), "--model goes with a ticket"),
        (("resnet8", "--pin", "x", *FAST), "no list of cores"),
        (("resnet8", "--pin", "4095", *FAST), "no core 4095"),
        (("resnet8", "--set", "opset=20", *FAST, "--engine", "onnxruntime"), "is of one engine"),
        (("resnet8", "--set", "opset=20", *FAST), "no such option"),
        (("resnet8", "-o", "none/x.json", *FAST), "mkdir -p none"),
        (("resnet8", "--images", "none", "--engine", "onnxruntime:int8"), "none is no folder"),
        (("resnet8", "--engine", "openvino:int4"), "precision"),
        (("resnet8", "--batch", "0"), "--batch"),
        (("resnet8", "--threads", "0"), "--threads"),
        (("resnet8", "--task", "segmentation:shapes", *FAST), "one answer a sample"),
    ],
)
def test_wrong_requests(words: tuple[str, ...], message: str) -> None:
    assert message in refused("bench", *words)


def test_a_ticket_without_a_head_for_the_task_is_refused(drawn: str) -> None:
    assert f"tombola transfer {drawn}" in refused(
        "bench", drawn, "--task", "glyphs", "--set", "task.num_train=100", *FAST
    )


def test_it_overwrites_only_when_told() -> None:
    Path("bench.json").write_text("mine", encoding="utf-8")
    assert "bench.json exists" in refused("bench", "resnet8", *FAST, "-o", "bench.json")


@pytest.mark.slow
def test_a_net_of_texts_is_timed_at_its_length_and_judged_on_texts(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    config = {"model_type": "bert", "vocab_size": 300, "hidden_size": 8, "num_hidden_layers": 1,
              "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 64}  # fmt: skip
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    task = ("--task", "text:prose", "--set", "task.tokenizer=plain:300", "--set", "task.num_train=60")
    said("draw", "hf:./tiny", "--set", "sparsity=0.5", "--set", "prunable=attention", "--set", "pattern=head",
         "-o", "x.ticket")  # fmt: skip
    said("transfer", "x.ticket", "--model", "hf:./tiny", *task, "--how", "linear", "-o", "y.ticket")
    assert "write --length" in refused("bench", "y.ticket", *FAST, *task, "--length", "9")
    assert "size=8 is the side of images" in refused("bench", "y.ticket", *FAST, "--size", "8")
    shown = said("bench", "y.ticket", *FAST, "--engine", "native", *task, "--samples", "20", "--batch", "3")
    assert "3 texts of 64 tokens at once" in shown
    assert "accuracy is of 20 of 443 test texts" in shown
    assert "native is left out" not in shown
