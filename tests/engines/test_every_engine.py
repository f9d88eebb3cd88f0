"""Every engine gives torch's logits of the masked net, and says what it is."""

import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tombola.engines import _onnx_net, _processor
from tombola.engines._base import Engine, Setting, Subject
from tombola.errors import RequestError, TombolaError
from tombola.exporters._masked import masked
from tombola.masks.masks import Masks
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.shown import IMAGES, Examples, ShownImages

SETTING = Setting(ShownImages((3, 12, 12)), batch=2)
TEXTS = (
    "torch:channels_last",
    "torch:default",
    "onnxruntime",
    "onnxruntime:int8",
    "openvino",
    "openvino:int8",
    "openvino:bf16",
    "shrunk:torch",
    "shrunk:onnxruntime",
    "shrunk:openvino:int8",
    "native",
    "native:int8",
)
ROUNDING = {"float32": (1e-4, 1e-5), "bfloat16": (0.05, 0.05), "int8": (0.05, 0.05)}
"""How far logits may be from torch's: a part of each, and of the largest."""

TELLING = ("onnxruntime", "shrunk:onnxruntime", "native")
"""They say where the time goes, by the names of the net's layers."""


def toy() -> Network:
    """Two convolutions and a head."""
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    )
    return Network(body, Normalise((0.5,) * 3, (0.25,) * 3), source="toy").eval()


def masks(network: Network) -> Masks:
    """Half of the first convolution's channels and single weights of the second are pruned."""
    first, second = (torch.ones_like(network.body.get_parameter(name), dtype=torch.bool) for name in NAMES)
    first[::2] = False
    second.flatten()[::3] = False
    return Masks(dict(zip(NAMES, (first, second), strict=True)))


NAMES = ("0.weight", "2.weight")


def usable(text: str) -> Engine:
    """The engine, or a skipped test where it is not installed."""
    engine = Engine.parse(text)
    if why := engine.missing():
        pytest.skip(why)
    return engine


@cache
def pruned() -> Subject:
    """The toy under its masks: one for all tests, as engines share the file that they begin with."""
    network = toy()
    return Subject(network, masks(network), SETTING)


def calibrated(examples: Examples) -> Subject:
    """The same with images to calibrate on."""
    found = replace(pruned(), examples=examples)
    found.once("onnx, opset 18", lambda: _onnx_net.in_float32(pruned(), 18))
    return found


def photographs(count: int = 16) -> Examples:
    """Images that are not noise: smooth, and brighter on one side."""
    slopes = np.random.default_rng(3).random((count, 3, 1, 1), dtype=np.float32)
    ramp = np.linspace(0, 1, 12, dtype=np.float32)
    return Examples({IMAGES: (slopes * ramp[:, None] * np.ones(12)).astype(np.float32)}, "ramps")


@pytest.mark.parametrize("text", [text for text in TEXTS if ":" in text])  # the contract's check has the others
def test_logits_are_torchs_and_the_model_stays_as_it_was(text: str, tmp_path: Path) -> None:
    engine, subject = usable(text), pruned()
    network = subject.model
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    try:
        files = engine.prepare(subject, tmp_path)
    except RequestError as error:
        if "no C compiler" not in str(error):
            raise
        pytest.skip(str(error))
    assert files
    assert all(file.is_file() and file.is_relative_to(tmp_path) for file in files)
    running = engine.load(tmp_path, SETTING)
    images = np.random.default_rng(0).random(SETTING.shape, dtype=np.float32)
    with torch.no_grad():
        wanted = masked(network, subject.masks)(torch.from_numpy(images)).numpy()
    for _ in range(2):  # the second run finds what the first left behind
        found = running.run({IMAGES: images})
        assert found.dtype == np.float32
        part, of_largest = ROUNDING[engine.arithmetic]
        np.testing.assert_allclose(found, wanted, rtol=part, atol=of_largest * np.abs(wanted).max())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    layers = running.layers({IMAGES: images})
    assert all(layer.seconds >= 0 and layer.survivors <= layer.total for layer in layers)
    assert {"0", "2", "6"} <= {layer.name for layer in layers} or text not in TELLING


@pytest.mark.parametrize(("text", "uses"), [("torch", False), ("openvino", False), ("shrunk", True), ("native", True)])
def test_the_yardsticks_are_those_that_multiply_zeros(text: str, uses: bool) -> None:
    assert Engine.parse(text).USES_ZEROS is uses


def test_labels_tell_variants_apart() -> None:
    assert Engine.parse("torch").label == "torch:channels_last"
    assert Engine.parse("shrunk:openvino").label == "shrunk:openvino"
    assert Engine.parse("shrunk:openvino:int8").label == "shrunk:openvino:int8"
    assert [Engine.parse(text).label for text in ("native", "native:int8")] == ["native", "native:int8"]
    assert [Engine.parse(text).label for text in ("openvino", "openvino:int8")] == ["openvino", "openvino:int8"]


def test_what_is_multiplied_is_said_and_a_smaller_file_is_not_arithmetic() -> None:
    said = {text: Engine.parse(text).arithmetic for text in (*TEXTS, "native:int8")}
    assert {text for text, word in said.items() if word == "int8"} == {
        text for text in (*TEXTS, "native:int8") if "int8" in text
    }
    assert said["openvino:bf16"] == "bfloat16"
    assert Engine.parse({"name": "native", "values": "int8"}).arithmetic == "float32", (
        "values are multiplied as float32"
    )


def test_int8_weights_are_bytes_with_a_scale_for_each_channel_and_maps_are_calibrated(tmp_path: Path) -> None:
    engine = usable("onnxruntime:int8")
    import onnx
    from onnx import numpy_helper

    (file,) = engine.prepare(calibrated(photographs()), tmp_path)
    held = {item.name: numpy_helper.to_array(item) for item in onnx.load(str(file)).graph.initializer}
    (weight,) = [value for value in held.values() if value.shape == (8, 8, 3, 3)]
    scales = [value for name, value in held.items() if "scale" in name and value.shape == (8,)]
    assert weight.dtype == np.int8
    assert scales, "one scale for each of eight channels"
    assert len(np.unique(np.concatenate(scales))) > 8


def test_calibrating_on_images_like_those_to_come_brings_the_logits_nearer(tmp_path: Path) -> None:
    engine = usable("onnxruntime:int8")
    dark = Examples({IMAGES: photographs().inputs[IMAGES] * np.float32(0.05)}, "dark ramps")
    with torch.no_grad():
        wanted = masked(pruned().model, pruned().masks)(torch.from_numpy(dark.inputs[IMAGES][:2])).numpy()
    off = []
    for name, subject in (("dark", calibrated(dark)), ("random", pruned())):
        (tmp_path / name).mkdir()
        engine.prepare(subject, tmp_path / name)
        found = engine.load(tmp_path / name, SETTING).run({IMAGES: dark.inputs[IMAGES][:2]})
        off.append(float(np.abs(found - wanted).max()))
    assert off[0] < 0.7 * off[1]


@pytest.mark.parametrize("name", ["onnxruntime:int8", "openvino:int8", "shrunk:onnxruntime:int8", "native:int8"])
def test_random_pixels_and_a_processor_without_the_instructions_are_said(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine.parse(name)
    for able, count in ((True, 0), (None, 0), (False, 1)):
        monkeypatch.setattr(_processor, "has", lambda _, able=able: able)
        assert len(engine.remarks(replace(pruned(), examples=photographs()))) == count
        said = engine.remarks(pruned())
        assert "accuracy is unknown" in said[0]
        assert any("VNNI" in text for text in said) is (able is False)
    assert not Engine.parse({"name": "native", "values": "int8"}).remarks(pruned())


def test_bfloat16_is_refused_where_it_would_be_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setattr(_processor, "has", lambda _: False)
    assert "does not multiply bfloat16" in Engine.parse("openvino:bf16").missing()
    assert not Engine.parse("openvino").missing()


def test_the_file_that_several_engines_read_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usable("openvino:int8")
    from tombola.exporters import _onnx_file

    proto = _onnx_net.in_float32(pruned(), 18)
    made = iter([proto])  # a second one would be an error
    monkeypatch.setattr(_onnx_file, "onnx_model", lambda *_: next(made))
    subject = replace(pruned())
    for name in ("onnxruntime", "onnxruntime:int8", "openvino:int8"):
        (tmp_path / name).mkdir()
        Engine.parse(name).prepare(subject, tmp_path / name)
    files = [(tmp_path / name / "net.onnx").read_bytes() for name in ("onnxruntime:int8", "openvino:int8")]
    assert files[0] == files[1]
    assert subject.once("onnx, opset 18", dict) is proto


def test_nothing_to_shrink_is_said(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="nothing to take out"):
        Engine.parse("shrunk").prepare(Subject(toy(), Masks({}), SETTING), tmp_path)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else find(name))
    assert Engine.parse("openvino").missing() == "needs openvino; type: pip install 'tombola[onnx,openvino]'"
    assert Engine.parse("shrunk:openvino").missing() == Engine.parse("openvino").missing()
    assert Engine.parse("torch").missing() == ""


class Branching(nn.Module):
    """Looks at the images' values."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.linear(x.mean((2, 3)))
        return found if x.sum() > 0 else -found


@pytest.mark.parametrize("text", [text for text in TEXTS if Engine.parse(text).arithmetic == "float32"])
def test_a_net_it_cannot_follow_is_one_clear_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(TombolaError):
        usable(text).prepare(Subject(Network(Branching(), source="x"), Masks({}), SETTING), tmp_path)


def test_a_process_that_serves_needs_no_torch() -> None:
    code = (
        "import sys; import numpy; from tombola.engines._base import Engine\n"
        "for name in ('onnxruntime', 'openvino', 'native'):\n"
        "    engine = Engine.parse(name)\n"
        "    assert 'torch' not in sys.modules, f'the family: {name}'\n"
        "from tombola.native.loading import load\n"
        "assert 'torch' not in sys.modules, 'the loader'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
