"""The folder: what is in it, and when nothing is written."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.native.small import SIZE, folder, network
from torch import Tensor, nn

from tombola.errors import ModelError, RequestError
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.native.folder import write_folder


class Sorted(nn.Module):
    """An operation that no graph has, in a layer with a name."""

    def __init__(self) -> None:
        super().__init__()
        self.order = Order()
        self.fc = nn.Linear(12, 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc(self.order(x.flatten(1)))
        return out


class Order(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sort(1).values


def test_the_files_of_a_folder() -> None:
    names = {path.name for path in folder().iterdir() if path.is_file()}
    assert names == {
        "net.h",
        "net.c",
        "net.dat",
        "net.json",
        "CMakeLists.txt",
        "Makefile",
        "versions.c",
        "example.c",
        "classify.c",
        "pictures.h",
        "README.txt",
    }
    assert not [
        path.name
        for path in folder().iterdir()
        if path.is_file() and "@" in path.read_text("latin-1").replace("$@", "") and path.name != "net.dat"
    ]


def test_the_header_says_the_sizes_and_the_json_the_layers() -> None:
    header = (folder() / "net.h").read_text()
    assert "NET_IMAGE_HEIGHT = 12" in header
    assert "NET_CLASSES = 4" in header
    about = json.loads((folder() / "net.json").read_text())
    assert about["image"] == list(SIZE)
    assert f"NET_LAYERS = {len(about['layers'])}" in header
    assert about["layers"][-1] == {
        "name": "linear",
        "kind": "linear",
        "survivors": 128,
        "total": 128,
        "choice": "dense",
    }


def test_the_source_includes_nothing_of_ours_but_its_header() -> None:
    lines = (folder() / "net.c").read_text().splitlines()
    assert [line for line in lines if line.startswith('#include "')] == ['#include "net.h"']
    assert len([line for line in lines if line.startswith("#ifndef NET_VECTORS_H")]) == 1


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    for out in (tmp_path, tmp_path / "mine"):
        with pytest.raises(RequestError, match="is not empty; give a new folder"):
            write_folder(network(), SIZE, out)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_unsupported_operation_is_named_with_its_layer_before_anything_is_written(tmp_path: Path) -> None:
    made = Network(Sorted(), Normalise(), source="sorted").eval()
    with pytest.raises(ModelError, match=r"layer 'order' \(Order\) asks for aten\.sort"):
        write_folder(made, (3, 2, 2), tmp_path / "net")
    assert not (tmp_path / "net").exists()


def test_images_too_small_for_the_net_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    body = nn.Sequential(nn.Conv2d(3, 2, 5), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2))
    with pytest.raises(ModelError, match="cannot be followed for images of 3x4x4"):
        write_folder(Network(body, source="x").eval(), (3, 4, 4), tmp_path / "net")
    assert not (tmp_path / "net").exists()


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_it_compiles_without_a_warning(compiler: str, tmp_path: Path) -> None:
    if subprocess.run(["which", compiler], capture_output=True, check=False).returncode:
        pytest.skip(f"{compiler} is not installed")
    flags = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-ffp-contract=fast"]
    for name in ("net", "example", "classify"):
        source, made = folder() / f"{name}.c", tmp_path / f"{name}.o"
        subprocess.run([compiler, *flags, "-c", str(source), "-o", str(made)], check=True)
    for library, header in (("NET_JPEG", "jpeglib.h"), ("NET_PNG", "png.h")):
        there = f"#include <stdio.h>\n#include <{header}>\n".encode()
        if not subprocess.run([compiler, "-fsyntax-only", "-xc", "-"], input=there, capture_output=True).returncode:
            flags.append(f"-D{library}")
            source, made = folder() / "classify.c", tmp_path / "classify.o"
            subprocess.run([compiler, *flags, "-c", str(source), "-o", str(made)], check=True)
