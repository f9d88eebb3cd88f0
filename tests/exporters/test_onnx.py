"""The ONNX file: its logits, its batch, what it says and what it keeps to itself."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tombola import verbs
from tombola.errors import ModelError, RequestError, StageError
from tombola.exporters import _onnx_file
from tombola.exporters._base import Exporter
from tombola.exporters._masked import masked
from tombola.exporters.onnx import noted
from tombola.masks.masks import Masks
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network

SIZE = (3, 10, 8)


def toy(seed: int = 0) -> Network:
    """Two convolutions, a batch norm with statistics of its own, a head; and a normaliser that matters."""
    drawn = torch.Generator().manual_seed(seed)
    body = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 6, 3, stride=2, bias=False),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 5),
    )
    with torch.no_grad():
        for name, tensor in body.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=drawn) * 0.5 + 0.1 * ("var" in name))
    return Network(body, Normalise((0.5, 0.4, 0.3), (0.2, 0.3, 0.4)), source="toy").eval()


def masks(network: Network) -> Masks:
    """Half of both convolutions, whole channels of the first."""
    first, second = (torch.ones(network.body.get_parameter(name).shape, dtype=torch.bool) for name in NAMES)
    first[::2] = False
    second.flatten()[::2] = False
    return Masks(dict(zip(NAMES, (first, second), strict=True)))


NAMES = ("0.weight", "3.weight")


@pytest.fixture(scope="module")
def runtime() -> Any:
    """ONNX Runtime, where it is installed."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    return pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, runtime: Any) -> Path:
    """The toy's ticket, exported."""
    network, out = toy(), tmp_path_factory.mktemp("onnx") / "net.onnx"
    (found,) = Exporter.parse({"name": "onnx", "size": 8, "opset": 20}).export(network, masks(network), out)
    assert not torch.equal(network.body.get_parameter("0.weight")[0], torch.zeros(3, 3, 3)), "the model is as it was"
    return found


def test_logits_are_torchs_for_any_batch_the_normaliser_inside(file: Path, runtime: Any) -> None:
    network = toy()
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    for batch in (1, 2, 5):
        images = torch.rand(batch, 3, 8, 8)
        (found,) = session.run(None, {"images": images.numpy()})
        with torch.no_grad():
            np.testing.assert_allclose(found, masked(network, masks(network))(images), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_the_shrunk_file_is_smaller_and_answers_the_same(file: Path, tmp_path: Path, runtime: Any) -> None:
    network, images = toy(), np.random.default_rng(0).random((2, 3, 8, 8), dtype=np.float32)
    exporter = Exporter.parse({"name": "onnx", "size": 8, "shrunk": True})
    files = [file, *exporter.export(network, masks(network), tmp_path / "shrunk.onnx")]
    found, sizes = [], [path.stat().st_size for path in files]
    for path in files:
        session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        found.append(session.run(None, {"images": images})[0])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-5)
    assert sizes[1] < sizes[0] - 4 * 4 * 27


def test_layers_have_their_own_names_and_no_folder_of_this_machine(file: Path) -> None:
    import onnx

    proto = onnx.load(str(file))
    assert {"0", "3", "7"} <= {node.name for node in proto.graph.node}
    assert [item.version for item in proto.opset_import if not item.domain] == [20]
    assert proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    content = file.read_bytes()
    for word in (b"stack_trace", b"network.py", str(Path(__file__).parent).encode(), sys.prefix.encode()):
        assert word not in content


def test_what_was_checked_stands_in_the_file_and_is_told(file: Path) -> None:
    notes = noted(file)
    assert notes["size"] == [3, 8, 8]
    assert 0 <= notes["difference"] < 1e-5
    told = Exporter.parse("onnx").told([file])
    assert told[0] == "opset 20, images 3x8x8 in [0, 1], any batch"
    assert "of the largest (allowed: 0.0001)" in told[1]


@pytest.fixture
def _written_before(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's exporter, which takes seconds, gives what it gave for `toy`."""
    import onnx

    monkeypatch.setattr(_onnx_file, "onnx_model", lambda *_: onnx.load(str(file)))


@pytest.mark.usefixtures("_written_before")
def test_a_file_whose_logits_are_off_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_onnx_file, "largest_difference", lambda *_: 0.25)
    with pytest.raises(StageError, match=r"by 0\.25 of the largest logit, more than tolerance=0\.0001"):
        Exporter.parse({"name": "onnx", "size": 8}).export(toy(), Masks({}), tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_written_before")
def test_nan_is_a_difference(tmp_path: Path) -> None:
    network = toy()
    with torch.no_grad():
        network.body.get_parameter("7.bias").fill_(float("nan"))
    with pytest.raises(StageError, match="nan"):
        Exporter.parse({"name": "onnx", "size": 8}).export(network, Masks({}), tmp_path / "net.onnx")


def test_what_is_not_installed_is_named_with_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxscript" else find(name))
    with pytest.raises(RequestError, match=r"onnxscript, not installed here; type: pip install 'tombola\[onnx\]'"):
        Exporter.parse("onnx").export(toy(), Masks({}), tmp_path / "net.onnx")


def test_it_overwrites_nothing_and_makes_no_folder(tmp_path: Path, runtime: Any) -> None:
    (tmp_path / "net.onnx").write_bytes(b"mine")
    with pytest.raises(RequestError, match="exists"):
        Exporter.parse("onnx").export(toy(), Masks({}), tmp_path / "net.onnx")
    with pytest.raises(RequestError, match="does not exist; make it first"):
        Exporter.parse("onnx").export(toy(), Masks({}), tmp_path / "none" / "net.onnx")


class Branching(nn.Module):
    """Looks at the images' values, which no graph can."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.linear(x.mean((2, 3)))
        return found if x.sum() > 0 else -found


def test_a_net_that_cannot_be_followed_is_refused_with_the_reason(tmp_path: Path, runtime: Any) -> None:
    with pytest.raises(ModelError, match="torch cannot export this network for images of 3x8x8"):
        Exporter.parse({"name": "onnx", "size": 8}).export(Network(Branching(), source="x"), Masks({}), tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_a_size_the_net_does_not_take_is_refused(tmp_path: Path, runtime: Any) -> None:
    with pytest.raises(ModelError, match="images of 3x1x1"):
        Exporter.parse({"name": "onnx", "size": 1}).export(toy(), Masks({}), tmp_path / "net.onnx")


@pytest.mark.slow
def test_an_opset_no_torch_writes_is_refused(tmp_path: Path, runtime: Any) -> None:
    with pytest.raises(RequestError, match="opset"):
        Exporter.parse({"name": "onnx", "size": 8, "opset": 9}).export(toy(), Masks({}), tmp_path / "net.onnx")
    with pytest.raises(RequestError, match="opset"):
        Exporter.parse({"name": "onnx", "size": 8, "opset": 99}).export(toy(), Masks({}), tmp_path / "net.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("net", ["torchvision:mobilenet_v3_small", "torchvision:efficientnet_b0", "resnet20"])
def test_other_nets(net: str, tmp_path: Path, runtime: Any) -> None:
    network = verbs.as_network(net)
    (file,) = Exporter.parse({"name": "onnx", "size": 64}).export(network, Masks({}), tmp_path / "net.onnx")
    assert noted(file)["difference"] < 1e-4
