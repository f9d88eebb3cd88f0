"""``--to native`` with ``arithmetic=int8``: what is written and said, on what it is calibrated, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.exporters.test_native import masks, written
from tests.native.programs import difference
from tests.native.small import network

from tombola.errors import RequestError
from tombola.exporters.native import Native
from tombola.native.loading import load


def pictures(folder: Path) -> Path:
    """A few that are not alike."""
    folder.mkdir()
    numbers = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        Image.fromarray(numbers.integers(0, 255, (12, 12, 3), dtype=np.uint8)).save(folder / f"{name}.png")
    return folder


def test_a_ticket_in_int8_answers_nearly_as_torch_and_says_what_it_is(tmp_path: Path) -> None:
    to, files = written(tmp_path / "net", arithmetic="int8", images=str(pictures(tmp_path / "pictures")))
    kept, checked = to.told(files)
    assert "kept as int8 with int8 arithmetic" in kept
    assert "get the same class" in checked
    layers = json.loads((tmp_path / "net" / "net.json").read_text("utf-8"))["layers"]
    assert {row["kind"] for row in layers if row["total"]} == {"cells", "dots"}
    assert all(row["choice"].startswith("int8") for row in layers if row["total"])
    x = torch.rand(6, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    with load(tmp_path / "net") as net, torch.no_grad():
        assert 1e-4 < difference(net(x), network()(x)) < 0.1


def test_a_layer_left_in_float32_is_one_in_the_folder(tmp_path: Path) -> None:
    options = {"arithmetic": "int8", "images": str(pictures(tmp_path / "pictures")), "in_float32": ["conv1"]}
    written(tmp_path / "net", **options)
    layers = json.loads((tmp_path / "net" / "net.json").read_text("utf-8"))["layers"]
    assert next(row["kind"] for row in layers if row["name"] == "conv1") == "conv"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "arithmetic=int8 needs images to find its scales on; write --set images=FOLDER"),
        ({"images": "nowhere"}, "nowhere is no folder"),
        ({"in_float32": ["none"]}, "no layer 'none' to leave in float32"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    options: dict[str, object], said: str, tmp_path: Path
) -> None:
    if "in_float32" in options:
        options = {**options, "images": str(pictures(tmp_path / "pictures"))}
    to = Native.parse({"name": "native", "size": 12, "target": "plain", "arithmetic": "int8", **options})
    with pytest.raises(RequestError, match=said):
        to.export(network(), masks(), tmp_path / "net")
    assert not (tmp_path / "net").exists()
