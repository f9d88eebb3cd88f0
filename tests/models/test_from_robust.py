"""`robust:`: files in the release's own format become networks, are converted once, and hide nothing."""

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors import safe_open
from tests.models.checkpoints import MEAN, STD, robustness, save
from torch import nn

from tombola.errors import ModelError
from tombola.models import from_robust
from tombola.models.digest import weights_digest
from tombola.models.files import load_network, save_network
from tombola.models.kinds import torchvision
from tombola.models.network import num_outputs
from tombola.models.robust_grid import GRID
from tombola.models.seeded import seeded
from tombola.models.source import Source

SMALL = "shufflenet_v2_x1_0-l2-eps3"  # the smallest of the grid
FILE = "shufflenet_l2_eps3.ckpt"


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of this machine's caches is read or written."""
    monkeypatch.setenv("TOMBOLA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TOMBOLA_ROBUST", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def _net(arch: str = "shufflenet_v2_x1_0", seed: int = 3) -> nn.Module:
    with seeded(seed):
        body, _, _ = torchvision.classifier(arch, 1000)
    return body.eval()


def _source(folder: Path | None = None) -> Source:
    return Source(name=f"robust:{SMALL}", folder=folder)


def test_a_local_copy_becomes_the_network_with_its_own_normaliser(tmp_path: Path) -> None:
    net = _net()
    save(robustness(net, dummy=True), tmp_path / FILE)
    network = _source(tmp_path).load()
    assert weights_digest(network.body) == weights_digest(net)
    x = torch.rand(2, 3, 64, 64)
    mean, std = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in (MEAN, STD))
    with torch.no_grad():
        assert torch.allclose(network(x), net((x - mean) / std), atol=1e-5)
    assert num_outputs(network.head) == 1000
    assert network.source == f"robust:{SMALL}"
    assert not network.training


@pytest.mark.parametrize("old", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_one_wrapper_less_is_as_good_and_a_net_with_a_version_loads(tmp_path: Path, *, old: bool) -> None:
    net = _net("mnasnet1_0")
    save(robustness(net, dummy=False), tmp_path / "mnasnet_l2_eps3.ckpt", old=old)
    source = Source.parse({"name": "robust:mnasnet_l2_eps3", "folder": tmp_path})
    assert source.name == "robust:mnasnet1_0-l2-eps3"
    network = source.load(num_classes=7)
    assert torch.equal(network.body.get_parameter("layers.0.weight"), net.get_parameter("layers.0.weight"))
    assert num_outputs(network.head) == 7
    again = load_network(source, save_network(network, tmp_path / "saved.safetensors"))
    assert weights_digest(again) == weights_digest(network)
    assert again.source == "robust:mnasnet1_0-l2-eps3"


def test_it_is_converted_once_with_its_digest_and_then_read_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = save(robustness(_net(), dummy=True), tmp_path / FILE)
    first = _source(tmp_path).load()
    kept = tmp_path / "cache" / "robust" / f"{SMALL}.safetensors"
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
    with safe_open(kept, framework="pt") as opened:
        about = opened.metadata()
    assert about["weights_sha256"] == weights_digest(first)
    assert about["source"] == FILE
    file.unlink()

    def fails(_: Path) -> object:
        raise AssertionError("a pickle was read a second time")

    monkeypatch.setattr("tombola.models.readers.read_pickle", fails)
    assert weights_digest(_source().load()) == weights_digest(first)


@pytest.mark.slow
def test_another_file_in_the_folder_is_converted_anew(tmp_path: Path) -> None:
    for seed in (1, 2):
        net = _net(seed=seed)
        save(robustness(net, dummy=True), tmp_path / FILE)
        assert weights_digest(_source(tmp_path).load().body) == weights_digest(net)


def test_a_damaged_conversion_is_noticed(tmp_path: Path) -> None:
    save(robustness(_net(), dummy=True), tmp_path / FILE)
    kept = from_robust.converted(GRID[SMALL], tmp_path)
    data = bytearray(kept.read_bytes())
    data[-100] ^= 1
    kept.write_bytes(data)
    with pytest.raises(ModelError, match="damaged, its weights have another digest; delete it"):
        _source(tmp_path).load()


def test_the_environment_names_a_folder_too_and_may_lack_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOMBOLA_ROBUST", str(tmp_path / "models"))
    with pytest.raises(ModelError, match="could not be downloaded"):
        _source().load()
    net = _net()
    save(robustness(net, dummy=True), tmp_path / "models" / FILE)
    assert weights_digest(_source().load().body) == weights_digest(net)


def test_a_file_in_the_hubs_cache_is_taken_without_a_network(tmp_path: Path) -> None:
    place = tmp_path / "hub" / "models--madrylab--robust-imagenet-models"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("0123")
    net = _net()
    save(robustness(net, dummy=True), place / "snapshots" / "0123" / FILE)
    assert weights_digest(_source().load().body) == weights_digest(net)


def test_without_a_network_the_error_says_what_to_fetch_and_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        _source().load()
    text = str(caught.value)
    assert (
        f"Missing is {FILE}: fetch https://huggingface.co/madrylab/robust-imagenet-models/resolve/main/{FILE}" in text
    )
    assert "write folder=THAT_FOLDER, or set TOMBOLA_ROBUST to it" in text
    assert str(tmp_path) not in text
    with pytest.raises(ModelError, match=rf"there is no {FILE} in folder="):
        _source(tmp_path).load()


def test_the_place_of_the_file_is_not_part_of_the_model(tmp_path: Path) -> None:
    assert _source(tmp_path).identity() == _source().identity()
    assert _source().bare == "torchvision:shufflenet_v2_x1_0"


def _spoilt(change: Any) -> dict[str, Any]:
    content = robustness(_net(), dummy=True)
    content["model"] = {name: value.clone() for name, value in content["model"].items()}
    change(content["model"])
    return content


def _differs(model: dict[str, Any]) -> None:
    model["module.attacker.model.model.fc.bias"] += 1


def _more(model: dict[str, Any]) -> None:
    model["module.probe.weight"] = torch.ones(1)


def _alone(model: dict[str, Any]) -> None:
    del model["module.model.model.fc.bias"]


def _no_normaliser(model: dict[str, Any]) -> None:
    for name in [name for name in model if "normalize" in name]:
        del model[name]


def _half_a_normaliser(model: dict[str, Any]) -> None:
    for name in [name for name in model if name.endswith("new_std")]:
        del model[name]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_differs, "attacker.model.model.fc.bias should be a second copy of model.model.fc.bias and differs"),
        (_alone, "attacker.model.model.fc.bias should be a second copy of .*does not have"),
        (_more, "not one of the release's files.*here is also probe.weight"),
        (_no_normaliser, "not one of the release's files.*path:shufflenet_l2_eps3.ckpt with arch=torchvision:shuff"),
        (_half_a_normaliser, "a normaliser has a mean and a std, and this one only a mean"),
    ],
)
def test_what_else_a_state_dict_holds_is_refused_by_name(tmp_path: Path, change: Any, problem: str) -> None:
    save(_spoilt(change), tmp_path / FILE)
    with pytest.raises(ModelError, match=problem):
        _source(tmp_path).load()
    assert not (tmp_path / "cache").exists()


def test_another_net_is_refused_and_not_kept(tmp_path: Path) -> None:
    save(robustness(_net("squeezenet1_1"), dummy=True), tmp_path / FILE)
    with pytest.raises(ModelError, match="does not fit ShuffleNetV2"):
        _source(tmp_path).load()
    assert not (tmp_path / "cache").exists()


class Shell:
    """Its pickle runs a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("where", ["beside", "inside"])
def test_a_command_in_the_pickle_is_refused_and_not_run(tmp_path: Path, where: str, *, old: bool) -> None:
    content: dict[str, Any] = {"model": {"module.model.fc.bias": torch.ones(1)}}
    shell = Shell(f"touch {tmp_path / 'was-run'}")
    (content if where == "beside" else content["model"])["args"] = shell
    save(content, tmp_path / FILE, old=old)
    with pytest.raises(ModelError, match=r"refused, it calls (posix|nt)\.system"):
        _source(tmp_path).load()
    assert not (tmp_path / "was-run").exists()


class Made:
    """Pickled as dill pickles what it takes apart: a function of its own and its arguments."""

    def __init__(self, how: Any) -> None:
        self.how = how

    def __reduce__(self) -> tuple[Any, ...]:
        return self.how, ("code", {"epoch": 1})


def _dill(monkeypatch: pytest.MonkeyPatch, name: str, calls: list[object]) -> Any:
    """A function that looks as if it were dill's ``name``."""
    module = ModuleType("dill._dill")

    def how(*given: object) -> str:
        calls.append(given)
        return "run"

    how.__module__, how.__qualname__, how.__name__ = "dill._dill", name, name
    setattr(module, name, how)
    monkeypatch.setitem(sys.modules, "dill", ModuleType("dill"))
    monkeypatch.setitem(sys.modules, "dill._dill", module)
    return how


def test_a_lambda_that_dill_took_apart_is_read_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    net = _net()
    content = robustness(net, dummy=True) | {"schedule": Made(_dill(monkeypatch, "_create_function", calls))}
    save(content, tmp_path / FILE)
    assert weights_digest(_source(tmp_path).load().body) == weights_digest(net)
    assert calls == []


def test_what_else_dill_writes_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    content = robustness(_net(), dummy=True) | {"args": Made(_dill(monkeypatch, "_create_type", calls))}
    save(content, tmp_path / FILE)
    with pytest.raises(ModelError, match=r"refused, it calls dill\._dill\._create_type"):
        _source(tmp_path).load()
    assert calls == []


def test_what_stands_for_an_object_is_no_tensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    how = _dill(monkeypatch, "_create_function", [])
    save({"model": {"module.model.fc.bias": torch.ones(1), "module.f": Made(how)}}, tmp_path / FILE)
    with pytest.raises(ModelError, match=r"no plain tensors: 'module.f' \(StandIn\)"):
        _source(tmp_path).load()
