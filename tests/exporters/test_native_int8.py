"""``--to native`` with ``arithmetic=int8``: what is written and said, on what it is calibrated, and what is refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.exporters.test_native import masks, written
from tests.native.programs import difference
from tests.native.small import network

from tombola.data._base import of_images
from tombola.errors import RequestError
from tombola.exporters.native import Native
from tombola.fitting.changes._base import Change, Given
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.seeded import seeded
from tombola.models.source import Source
from tombola.native.loading import load
from tombola.objectives._base import Progress
from tombola.spec import build
from tombola.tasks._base import Task


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


def adapted() -> Network:
    """A thin ResNet-8 that has seen the digits' training images for a while."""
    images = of_images(Task.parse("digits").splits(), "a test").train
    with seeded(0):
        made = Source.parse({"name": "resnet8", "width": 0.5}).load(num_classes=10, seed=0)
        optimizer = torch.optim.Adam(made.parameters(), 5e-3)
        for _ in range(60):
            some = images.take(torch.randint(len(images), (64,)))
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(made(some.x.float() / 255), some.targets).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return made.eval()


@pytest.mark.slow
def test_int8_keeps_the_accuracy_of_an_adapted_net(tmp_path: Path) -> None:
    to = Native.parse({"name": "native", "target": "plain", "arithmetic": "int8", "task": "digits"})
    said = to.told(to.export(adapted(), Masks({}), tmp_path / "net"))[1]
    found = re.search(r"(\d+) of (\d+) get the same class; accuracy ([\d.]+) %, by torch ([\d.]+) %", said)
    assert found is not None, said
    same, images, ours, theirs = map(float, found.groups())
    assert theirs > 70
    assert abs(ours - theirs) <= 1.0
    assert (
        same >= 0.96 * images
    )  # which of the samples near a border change is for the last bits of its training to say


@pytest.mark.slow
def test_accuracy_after_export_is_that_of_the_net_that_was_trained_in_int8(tmp_path: Path) -> None:
    """Of a ticket of cells, by C on test images: at most 0.1 point from the net that answered while it was trained."""
    task = Task.parse("digits")
    last = Change.parse({"name": "int8", "begin_at": 0.7, "every": "10it"})
    fit = build(Fit, {"epochs": "80it", "batch": 64, "optimizer": {"name": "adamw", "lr": 5e-3}, "changes": [last]})
    begun = Source.parse({"name": "resnet8", "width": 0.5}).load(num_classes=10, seed=0)
    kept = cells(begun)
    trained = fit.run(begun, task, masks=kept, seed=0, session=Session())
    edit = (
        Change.parse({"name": "int8", "begin_at": 0.0})
        .begin(Given(trained, kept, task, 0))
        .at(Given(trained, kept, task, 0), Progress(0, 1))
    )
    assert edit is not None
    to = Native.parse({"name": "native", "target": "plain", "arithmetic": "int8", "task": "digits"})
    to.export(trained, kept, tmp_path / "net")
    test = of_images(task.splits(), "a test").test
    some = test.take(torch.arange(len(test)))
    x = some.x.float() / 255
    with load(tmp_path / "net") as net, torch.no_grad():
        ours, theirs = net(x).argmax(1), edit.network(x).argmax(1)
    right = [float((answers == some.targets).float().mean()) for answers in (ours, theirs)]
    assert right[1] > 0.7
    assert abs(right[0] - right[1]) <= 0.001
    for name, mask in kept.items():
        assert not trained.body.get_parameter(name).detach()[~mask].any()


def cells(model: Network) -> Masks:
    """Half of the cells of all convolutions but the first."""
    drawn = torch.Generator().manual_seed(0)
    found = {}
    for name, weight in model.body.named_parameters():
        if weight.ndim == 4 and weight.shape[1] % 4 == 0:
            alive = torch.rand(len(weight), weight.shape[1] // 4, *weight.shape[2:], generator=drawn) < 0.5
            found[name] = alive.repeat_interleave(4, 1)
    return Masks(found)


@pytest.mark.slow
def test_a_layer_left_in_float32_is_one_in_the_folder(tmp_path: Path) -> None:
    options = {"arithmetic": "int8", "images": str(pictures(tmp_path / "pictures")), "in_float32": ["conv1"]}
    written(tmp_path / "net", **options)
    layers = json.loads((tmp_path / "net" / "net.json").read_text("utf-8"))["layers"]
    assert next(row["kind"] for row in layers if row["name"] == "conv1") == "conv"


def test_layers_that_rounding_hurts_stay_in_float32_and_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")  # what is written is looked at, not run
    options = {"arithmetic": "int8", "images": str(pictures(tmp_path / "pictures"))}
    to, files = written(tmp_path / "net", **options, sensitivity="measured", noise=1e-4)
    about = json.loads((tmp_path / "net" / "net.json").read_text("utf-8"))
    left = set(about["int8"]["in_float32"])
    assert left
    assert left == {row["name"] for row in about["layers"] if row["kind"] in ("conv", "linear")}
    assert about["int8"]["left"] <= 1e-4 < about["int8"]["noise"]
    assert (
        "in float32 stay " + sorted(left, key=lambda name: -about["int8"]["in_float32"][name])[0] in to.told(files)[1]
    )
    written(tmp_path / "plain", **options)
    assert "int8" not in json.loads((tmp_path / "plain" / "net.json").read_text("utf-8"))


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
