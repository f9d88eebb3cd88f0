"""Every engine gives torch's logits of the masked net, and says what it is."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tombola.engines._base import Engine, Setting
from tombola.errors import RequestError, TombolaError
from tombola.exporters._masked import masked
from tombola.masks.masks import Masks
from tombola.models.network import Network, Normalise

SETTING = Setting((3, 12, 12), batch=2)
TEXTS = (
    "torch:channels_last",
    "torch:default",
    "onnxruntime",
    "openvino",
    "shrunk:torch",
    "shrunk:onnxruntime",
    "native",
)


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


def test_each_member_is_here() -> None:
    assert {Engine.parse(text).name for text in TEXTS} == set(Engine.family.names())


@pytest.mark.parametrize("text", TEXTS)
def test_logits_are_torchs_and_the_model_stays_as_it_was(text: str, tmp_path: Path) -> None:
    engine, network = usable(text), toy()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    try:
        files = engine.prepare(network, masks(network), SETTING, tmp_path)
    except RequestError as error:
        if "no C compiler" not in str(error):
            raise
        pytest.skip(str(error))
    assert files
    assert all(file.is_file() and file.is_relative_to(tmp_path) for file in files)
    running = engine.load(tmp_path, SETTING)
    images = np.random.default_rng(0).random(SETTING.shape, dtype=np.float32)
    with torch.no_grad():
        wanted = masked(network, masks(network))(torch.from_numpy(images)).numpy()
    for _ in range(2):  # the second run finds what the first left behind
        found = running.run(images)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    layers = running.layers(images)
    assert all(layer.seconds >= 0 and layer.survivors <= layer.total for layer in layers)
    assert {"0", "2", "6"} <= {layer.name for layer in layers} or text not in TELLING


@pytest.mark.parametrize(("text", "uses"), [("torch", False), ("openvino", False), ("shrunk", True), ("native", True)])
def test_the_yardsticks_are_those_that_multiply_zeros(text: str, uses: bool) -> None:
    assert Engine.parse(text).USES_ZEROS is uses


def test_labels_tell_variants_apart() -> None:
    assert Engine.parse("torch").label == "torch:channels_last"
    assert Engine.parse("shrunk:openvino").label == "shrunk:openvino"
    assert [Engine.parse(text).label for text in ("native", "native:int8")] == ["native", "native:int8"]


def test_nothing_to_shrink_is_said(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="nothing to take out"):
        Engine.parse("shrunk").prepare(toy(), Masks({}), SETTING, tmp_path)


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


@pytest.mark.parametrize("text", TEXTS)
def test_a_net_it_cannot_follow_is_one_clear_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(TombolaError):
        usable(text).prepare(Network(Branching(), source="x"), Masks({}), SETTING, tmp_path)


@pytest.mark.parametrize("name", ["onnxruntime", "openvino", "native"])
def test_a_process_that_serves_needs_no_torch(name: str) -> None:
    code = (
        "import sys; from tombola.engines._base import Engine;"
        f"engine = Engine.parse('{name}'); import numpy;"
        "assert 'torch' not in sys.modules, 'the family';"
        "exec('from tombola.native.loading import load' if engine.name == 'native' else '');"
        "assert 'torch' not in sys.modules, 'the loader'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
