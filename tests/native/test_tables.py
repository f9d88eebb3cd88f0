"""The tables of net.c are C whatever the layers are called."""

import math
import subprocess
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.models.network import Network
from tombola.native.folder import write_folder
from tombola.native.loading import load
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


class Bordered(nn.Module):
    """Pools over a border of minus infinity, as nets with padding "same" do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4 * 9, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.pad(self.conv(x), (0, 1, 0, 1), value=-math.inf), 3, 2)
        found: Tensor = self.head(x.flatten(1))
        return found


def test_a_border_that_is_no_ordinary_number_compiles_and_is_torchs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Network(Bordered(), source="bordered").eval()
    write_folder(network, (3, 6, 6), tmp_path / "net", target="plain")
    images = torch.rand(3, 3, 6, 6)
    with torch.no_grad():
        assert torch.allclose(torch.from_numpy(load(tmp_path / "net")(images.numpy())), network(images), atol=1e-5)
