"""The tables of net.c are C whatever the layers are called."""

import subprocess
from pathlib import Path

import pytest
from torch import nn

from tombola.models.network import Network
from tombola.native.folder import write_folder
from tombola.native.tables import comment

NAMES = ["*/ int main; /*", "ends in \\\n*/ #error", "??/\n#error trigraph", "größe", "tab\there\0", "/*/", "a" * 5000]


@pytest.mark.parametrize("name", ["layer1.0.conv1", "features.3:mean", "a-b_c"])
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert comment(name) == name


def test_layers_of_any_name_leave_ascii_that_compiles_without_a_warning(tmp_path: Path) -> None:
    body = nn.Sequential()
    for name in NAMES:
        body.add_module(name, nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.Sigmoid()))
    body.add_module("flat", nn.Flatten())
    body.add_module("head */", nn.Linear(48, 2))
    source = write_folder(Network(body, source="named").eval(), (3, 4, 4), tmp_path / "net", target="plain")[1]
    assert source.read_bytes().isascii()
    command = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:2000]
