"""Files of our own: bit for bit, naming their net, readable as the user's umask allows, and never half written."""

import os
from pathlib import Path

import pytest
import torch

from tombola.errors import ModelError
from tombola.models.digest import weights_digest
from tombola.models.files import load_network, save_network
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network, origin_of
from tombola.models.source import Source

SOURCE = Source(name="resnet8", width=0.25, normalise="cifar10")


def test_a_network_comes_back_bit_for_bit(tmp_path: Path) -> None:
    network = SOURCE.load(num_classes=7, seed=3)
    file = save_network(network, tmp_path / "net.safetensors")
    again = load_network(SOURCE, file)
    assert weights_digest(again) == weights_digest(network)
    assert again.source == network.source
    x = torch.rand(2, 3, 16, 16)
    assert torch.equal(again(x), network(x))
    assert [path.name for path in tmp_path.iterdir()] == ["net.safetensors"]


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    network = SOURCE.load(num_classes=7, seed=3)
    assert len({save_network(network, tmp_path / f"{number}.safetensors").read_bytes() for number in range(6)}) == 1


def test_the_file_names_its_own_net(tmp_path: Path) -> None:
    network = SOURCE.load(num_classes=7, seed=3)
    file = save_network(network, tmp_path / "net.safetensors")
    again = Source.parse(f"path:{file}").load()
    assert weights_digest(again) == weights_digest(network)
    assert again.origin.net == origin_of(network).net
    assert (again.origin.net["name"], again.origin.net["width"]) == ("resnet8", 0.25)
    assert (again.origin.name, again.origin.seed) == ("path:net.safetensors", None)
    assert Source.parse(f"path:{file}").bare == "resnet8"


def test_a_net_without_a_name_still_needs_one(tmp_path: Path) -> None:
    body = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 3))
    file = save_network(Network(body, Normalise(), source="mine"), tmp_path / "net.safetensors")
    with pytest.raises(ModelError, match="arch"):
        Source.parse(f"path:{file}")


def test_the_umask_decides_who_reads_it(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        file = save_network(SOURCE.load(), tmp_path / "net.safetensors")
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = save_network(SOURCE.load(), tmp_path / "net.safetensors")
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(ModelError, match=r"net\.safetensors"):
        load_network(SOURCE, file)
