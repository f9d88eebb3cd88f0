"""`Source`: text and mappings, identity, seeded loading of every kind, weights of a file."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tombola.errors import ModelError, OptionError
from tombola.models.network import Network, num_outputs
from tombola.models.normalisers import NORMALISERS
from tombola.models.source import Source
from tombola.spec import Spec, build, option

RANDOM = ("resnet8", "resnet20", "torchvision:squeezenet1_1", "torchvision:mobilenet_v3_small", "timm:test_resnet")


class Study(Spec):
    model: Source = option(help="the model")


def _weights(network: Network) -> dict[str, Tensor]:
    return network.body.state_dict()


def _same(one: Network, other: Network) -> bool:
    return all(torch.equal(tensor, _weights(other)[name]) for name, tensor in _weights(one).items())


def _file(folder: Path, name: str = "resnet8", *, seed: int = 5, num_classes: int = 4) -> Path:
    file = folder / "w.safetensors"
    save_file(_weights(Source(name=name).load(num_classes=num_classes, seed=seed)), file)
    return file


@pytest.mark.parametrize("value", ["resnet8", {"name": "resnet8"}, Source(name="resnet8")])
def test_text_mappings_and_sources_are_the_same(value: Any) -> None:
    assert Source.parse(value) == build(Study, {"model": value}).model == Source(name="resnet8")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("resnet21", "no such model; write .*resnet20"),
        ("torch:resnet18", "no such model"),
        ("path:", "no such model"),
        ("path:w.npz", "write arch=resnet20"),
        ({"name": "path:w.npz", "arch": "resnet2"}, "arch='resnet2': no such model"),
        ({"name": "path:w.npz", "arch": "timm:resnet18.a1_in1k"}, "write arch=timm:resnet18"),
        ({"name": "path:w.npz", "arch": "resnet8", "rename": {"(": ""}}, "no regular expression"),
        ({"name": "resnet8", "arch": "resnet8"}, "arch goes with path: only"),
        ({"name": "torchvision:resnet18", "width": 2}, "width goes with resnet8"),
        ({"name": "resnet8", "normalise": "imagnet"}, "no such normaliser, did you mean 'imagenet'"),
        ({"name": "resnet8", "mean": [0.5]}, "mean and std go together"),
        ({"name": "resnet8", "mean": [0.5, 0.5], "std": [0.1]}, "one number for each channel"),
        ({"name": "resnet8", "mean": [0.5], "std": [0.0]}, "std must be above 0"),
        ({"normalise": "half"}, "name: is required"),
        (3, "3 is not a model; write one of resnet8"),
    ],
)
def test_wrong_requests_are_model_errors(value: object, problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        Source.parse(value)


def test_all_problems_come_in_one_report() -> None:
    with pytest.raises(ModelError, match=r"2 problems\n.*width=0.*\n.*foo: no such option"):
        Source.parse({"name": "resnet8", "width": 0, "foo": 1})
    with pytest.raises(OptionError, match=r"model\.name='resnet9': no such model"):
        build(Study, {"model": {"name": "resnet9"}})


def test_aliases_of_weights_have_one_identity() -> None:
    one, other = Source.parse("torchvision:resnet50@DEFAULT"), Source.parse("torchvision:resnet50@IMAGENET1K_V2")
    assert one == other
    assert one.digest() == other.digest()


@pytest.mark.parametrize("name", RANDOM)
def test_the_seed_decides_random_weights_bit_for_bit(name: str) -> None:
    source, before = Source.parse(name), torch.get_rng_state()
    one, same, other = (source.load(num_classes=7, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert _same(one, same)
    assert not _same(one, other)
    assert one.source == f"{name} (random, seed 3)"
    assert num_outputs(one.head) == 7
    assert not one.training


def test_the_seed_decides_the_fresh_head_of_a_pretrained_body(tmp_path: Path) -> None:
    source, before = Source(name=f"path:{_file(tmp_path)}", arch="resnet8"), torch.get_rng_state()
    one, same, other = (source.load(num_classes=7, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert _same(one, same)
    assert not torch.equal(_weights(one)["linear.weight"], _weights(other)["linear.weight"])
    assert torch.equal(_weights(one)["conv1.weight"], _weights(other)["conv1.weight"])


def test_a_file_gives_its_weights_and_its_own_number_of_classes(tmp_path: Path) -> None:
    loaded = Source(name=f"path:{_file(tmp_path)}", arch="resnet8").load()
    assert _same(loaded, Source(name="resnet8").load(num_classes=4, seed=5))
    assert loaded.source.startswith("path:w.safetensors (resnet8, sha256 ")
    assert str(tmp_path) not in loaded.source


def test_width_reaches_the_net_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    save_file(_weights(Source(name="resnet8", width=0.5).load()), file)
    assert Source(name=f"path:{file}", arch="resnet8", width=0.5).load().head_name == "linear"
    with pytest.raises(ModelError, match="of another shape or kind"):
        Source(name=f"path:{file}", arch="resnet8").load()


def test_rename_maps_names_and_drops_what_becomes_empty(tmp_path: Path) -> None:
    file, plain = tmp_path / "w.safetensors", _weights(Source(name="resnet8").load(seed=1))
    save_file({f"model.{name}": tensor for name, tensor in plain.items()} | {"attacker.x": torch.ones(1)}, file)
    rules = {r"^model\.": "", r"^attacker\..*": ""}
    loaded = Source.parse({"name": f"path:{file}", "arch": "resnet8", "rename": rules}).load()
    assert torch.equal(_weights(loaded)["conv1.weight"], plain["conv1.weight"])
    with pytest.raises(ModelError, match="rename maps names"):
        Source(name=f"path:{file}", arch="resnet8").load()


def test_a_whole_network_brings_its_normaliser(tmp_path: Path) -> None:
    whole, file = Source(name="resnet8", normalise="cifar10").load(seed=1), tmp_path / "w.safetensors"
    save_file(whole.state_dict(), file)
    x = torch.rand(2, 3, 16, 16)
    assert torch.equal(Source(name=f"path:{file}", arch="resnet8").load()(x), whole(x))


def test_the_identity_of_a_file_is_its_content_and_not_its_place(tmp_path: Path) -> None:
    file = _file(tmp_path)
    moved = tmp_path / "elsewhere.safetensors"
    moved.write_bytes(file.read_bytes())
    one, other = (Source(name=f"path:{place}", arch="resnet8").identity() for place in (file, moved))
    assert one == other
    assert "sha256" in one
    moved.write_bytes(file.read_bytes() + b" ")
    assert Source(name=f"path:{moved}", arch="resnet8").identity() != one


def test_a_missing_file_is_named() -> None:
    source = Source(name="path:absent.safetensors", arch="resnet8")
    with pytest.raises(ModelError, match=r"absent\.safetensors: there is no such file"):
        source.load()
    with pytest.raises(ModelError, match=r"absent\.safetensors: cannot be read"):
        source.identity()


def test_the_normaliser_is_the_default_of_the_kind_unless_given() -> None:
    def mean(**options: Any) -> list[float]:
        found: list[float] = Source(**options).load().pixels.mean.flatten().tolist()
        return found

    assert mean(name="resnet8") == [0.5, 0.5, 0.5]
    assert mean(name="torchvision:squeezenet1_1") == pytest.approx(NORMALISERS["imagenet"][0])
    assert mean(name="resnet8", normalise="cifar100") == pytest.approx(NORMALISERS["cifar100"][0])
    assert mean(name="resnet8", mean=(0.1, 0.2, 0.3), std=(1, 1, 1)) == pytest.approx([0.1, 0.2, 0.3])


def test_a_source_is_a_key_of_dicts_and_options_count() -> None:
    sources = {Source(name="resnet8"), Source(name="resnet8", width=2), Source(name="resnet8")}
    assert len(sources) == 2
    assert len({source.digest() for source in sources}) == 2


@pytest.mark.slow
def test_importing_the_resolver_imports_no_model_library() -> None:
    code = """
import sys
from tombola.models.source import Source
Source.parse("resnet8")
print({"timm", "torchvision"} & {*sys.modules})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
