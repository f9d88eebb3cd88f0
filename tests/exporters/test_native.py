"""``--to native`` on a ticket: what is written, what is said of it, and what is refused."""

import json
from pathlib import Path
from typing import TypeAlias

import pytest
import torch
from tests.native.programs import difference
from tests.native.small import SIZE, images, logits, network
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.errors import RequestError
from tombola.exporters import native as exporter
from tombola.exporters.native import Native
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.native.loading import load
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket

Exported: TypeAlias = tuple[Native, list[Path], Path]


def masks() -> Masks:
    """Of the small network's zeros."""
    return Masks.of({name: p for name, p in network().body.named_parameters() if name.endswith("conv1.weight")})


def written(out: Path, **options: object) -> tuple[Native, list[Path]]:
    """The small network exported."""
    to = Native.parse({"name": "native", "size": 12, "target": "plain", **options})
    return to, to.export(network(), masks(), out)


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The small network exported with its weights as they are, for whoever only reads it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CFLAGS", "-Og")
        to, files = written(folder := tmp_path_factory.mktemp("exact") / "net")
    return to, files, folder


def square(x: torch.Tensor) -> torch.Tensor:
    """Images as wide as high."""
    return torch.nn.functional.pad(x, (0, 2))


def test_the_folder_answers_as_torch_and_says_so(exact: Exported) -> None:
    to, files, folder = exact
    assert all(file.exists() for file in files)
    assert {"net.c", "net.h", "net.dat", "checked.txt"} <= {file.name for file in files}
    kept, checked = to.told(files)
    assert "weights survive, kept as float32" in kept
    assert "8 of 8 get the same class" in checked
    with load(folder) as net:
        assert difference(net(square(images())), logits(square(images()))) < 1e-5


@pytest.mark.slow
def test_a_ticket_that_lost_a_whole_layer_is_told_of(exact: Exported, tmp_path: Path) -> None:
    lost = {"conv1.weight": torch.zeros_like(network().body.get_parameter("conv1.weight"), dtype=torch.bool)}
    to = Native.parse({"name": "native", "size": 12, "target": "plain"})
    assert "all images get the same logits" in to.told(to.export(network(), Masks(lost), tmp_path / "net"))[1]
    assert "the same logits" not in exact[0].told(exact[1])[1]


@pytest.mark.slow
@pytest.mark.parametrize(("values", "low", "high"), [("float16", 1e-5, 3e-3), ("int8", 1e-3, 0.1)])
def test_rounded_values_make_a_smaller_file_and_a_difference_that_is_told(
    exact: Exported, tmp_path: Path, values: str, low: float, high: float
) -> None:
    to, files = written(tmp_path / "net", values=values)
    sizes = [next(file for file in some if file.name == "net.dat").stat().st_size for some in (exact[1], files)]
    assert sizes[1] < sizes[0]
    assert f"kept as {values}" in to.told(files)[0]
    with load(tmp_path / "net") as net:
        assert low < difference(net(square(images())), logits(square(images()))) < high


@pytest.mark.slow
def test_the_weights_outside_the_masks_are_pruned_too_and_the_model_is_not_changed(tmp_path: Path) -> None:
    dense = network().copy()
    for parameter in dense.body.parameters():
        parameter.data += 0.01
    before = {name: tensor.clone() for name, tensor in dense.body.state_dict().items()}
    Native.parse({"name": "native", "size": 12, "target": "plain"}).export(dense, masks(), tmp_path / "net")
    about = json.loads((tmp_path / "net" / "net.json").read_text())
    (row,) = [row for row in about["layers"] if row["name"] == "layer1.0.conv1"]
    assert row["survivors"] == int(masks()["layer1.0.conv1.weight"].sum())
    assert all(torch.equal(before[name], tensor) for name, tensor in dense.body.state_dict().items())


@pytest.mark.slow
def test_empty_channels_are_taken_out(exact: Exported, tmp_path: Path) -> None:
    pruned = network().copy()
    mask = torch.ones_like(pruned.body.get_parameter("layer1.0.conv1.weight"), dtype=torch.bool)
    mask[:3] = False  # of eight; what batch norm makes of their zeros is a constant that the next layer can carry
    to = Native.parse({"name": "native", "size": 12, "target": "plain"})
    files = to.export(pruned, Masks({"layer1.0.conv1.weight": mask}), tmp_path / "net")
    rows = [json.loads((folder / "net.json").read_text())["layers"] for folder in (exact[2], tmp_path / "net")]
    whole, less = ({row["name"]: row["total"] for row in some} for some in rows)
    assert less["layer1.0.conv1"] == whole["layer1.0.conv1"] * 5 // 8
    assert less["layer1.0.conv2"] == whole["layer1.0.conv2"] * 5 // 8
    assert "8 of 8 get the same class" in to.told(files)[1]


@pytest.mark.slow
def test_a_task_gives_images_and_accuracy_and_class_names(tmp_path: Path) -> None:
    made = Network(
        torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 10)
        ),
        source="x",
    ).eval()
    to = Native.parse({"name": "native", "target": "plain", "task": "digits"})
    files = to.export(made, Masks({}), tmp_path / "net")
    assert (tmp_path / "net" / "labels.txt").read_text().split() == list("0123456789")
    assert "accuracy" in to.told(files)[1]
    assert "(+0.00)" in to.told(files)[1]


def test_a_task_of_other_classes_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="the task has 10 classes and the model 4 outputs"):
        written(tmp_path / "net", task="digits")
    assert not (tmp_path / "net").exists()


@pytest.mark.slow
def test_measuring_picks_a_kernel_for_each_layer(tmp_path: Path) -> None:
    _, files = written(tmp_path / "net", choose="measure")
    with load(tmp_path / "net") as net:
        assert difference(net(square(images())), logits(square(images()))) < 1e-5
        assert all(layer.choice for layer in net.layers() if layer.kind == "conv")
    assert files


def test_what_cannot_be_compared_here_is_written_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "nobodys-cc")
    to, files = written(tmp_path / "net")
    assert "not compared with torch: no C compiler" in to.told(files)[1]


def test_a_processor_that_is_elsewhere(tmp_path: Path) -> None:
    to, files = written(tmp_path / "net", target="riscv")
    assert "not compared with torch: this net was written for riscv" in to.told(files)[1]
    assert "-march=rv64gc" in (tmp_path / "net" / "Makefile").read_text()


def test_a_folder_with_something_in_it_is_refused_before_anything_is_traced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").write_text("mine")
    monkeypatch.setattr(exporter, "prepared", lambda *_: pytest.fail("traced"))
    with pytest.raises(RequestError, match="not empty"):
        written(tmp_path)


@pytest.mark.slow
def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    net = {"name": "resnet8", "width": 0.5}
    lineage = Lineage(model="resnet8 (random, seed 0)", extra={"net": net})
    small = network()
    Ticket.of(small.body, masks(), lineage, keep_values=True).save("x.ticket")
    command = ["export", "x.ticket", "--to", "native", "-o", "out", "--set", "size=12", "--set", "target=plain"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "net.dat: " in done.output
    assert "compared with torch: 8 images" in done.output
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 2
    assert "not empty" in again.output


def test_the_small_network_is_as_large_as_the_tests_think() -> None:
    assert SIZE[1] == 12
