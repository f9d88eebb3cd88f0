"""Detectors and segmenters as ONNX: what the head tells, of any batch, at the height and width they were trained at."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tombola.data._boxes import with_boxes
from tombola.exporters._base import Exporter
from tombola.masks.masks import Masks
from tombola.models.adapted import Adapted
from tombola.models.network import Network
from tombola.models.showing import shown_to
from tombola.models.source import Source
from tombola.tasks._base import Task

SHAPE = (16, 24)
NET: dict[str, Any] = {"name": "resnet8", "width": 0.25}


def detector(decoder: str) -> Network:
    """One of two classes, said to be adapted to images of 16x24."""
    task = Task.parse({"name": "detection", "data": {"name": "boxed_shapes", "size": 16}, "decoder": decoder})
    found = task.head(Source.parse(NET).load(), generator=torch.Generator().manual_seed(0)).eval()
    found.adapted = Adapted.of(task.identity(), size=20, shape=SHAPE, classes=("a", "b"))
    return found


def exported(network: Network, folder: Path) -> Any:
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    (file,) = Exporter.parse("onnx").export(network, Masks({}), folder / "net.onnx")
    return runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    "decoder",
    ["boxes", pytest.param("fcos:64", marks=pytest.mark.slow), pytest.param("retinanet:8", marks=pytest.mark.slow)],
)
def test_a_detector_tells_the_same_for_any_batch(decoder: str, tmp_path: Path) -> None:
    network = detector(decoder)
    assert shown_to(network).said == "images of 3x16x24"
    session = exported(network, tmp_path)
    for batch in (1, 2, 5):
        images = torch.rand(batch, 3, *SHAPE, generator=torch.Generator().manual_seed(batch))
        (found,) = session.run(None, {"images": images.numpy()})
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(found), network(images), atol=1e-4, rtol=1e-4)


def test_what_a_net_was_adapted_with_is_told_with_both_sides() -> None:
    assert str(detector("boxes").adapted).endswith("images of 16x24 pixels")
    square = Adapted.of({"name": "detection"}, size=16, shape=(16, 16), classes=())
    assert square.preprocessing.shape is None, "squares are told as before"


def test_a_task_knows_the_height_and_the_width_of_its_images() -> None:
    boxed = with_boxes(torch.zeros(2, 3, *SHAPE).byte(), [torch.empty(0, 5)] * 2, ("a",))
    assert boxed.shape == SHAPE
    assert boxed.some(torch.tensor([1])).shape == SHAPE
