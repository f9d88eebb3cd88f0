"""Checkpoints of programs that learn without labels: the body is taken whole, what was around it is named."""

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.models.checkpoints import save, state_of
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.network import Network
from tombola.models.self_supervised import body_of
from tombola.models.source import Source

NET: dict[str, Any] = {"name": "resnet8", "width": 0.25}
WIDE = 16  # of the net's vector


def body() -> dict[str, Tensor]:
    """The tensors of a small net under torchvision's names, its head aside."""
    found = state_of(Source.parse(NET).load(seed=5).body)
    return {name: value for name, value in found.items() if not name.startswith("linear.")}


def mlp(name: str, *places: int) -> dict[str, Tensor]:
    return {f"{name}.{place}.weight": torch.ones(WIDE, WIDE) for place in places}


def moco_v1() -> dict[str, Any]:
    query = {**body(), "fc.weight": torch.ones(128, WIDE), "fc.bias": torch.ones(128)}
    state = {f"module.encoder_q.{name}": value for name, value in query.items()}
    state |= {f"module.encoder_k.{name}": value + 1 for name, value in query.items()}
    state |= {"module.queue": torch.ones(128, 9), "module.queue_ptr": torch.zeros(1, dtype=torch.int64)}
    optimizer = {"state": {0: {"momentum_buffer": torch.ones(2)}}, "param_groups": [{"lr": 0.03, "params": [0]}]}
    return {"epoch": 200, "arch": "resnet50", "state_dict": state, "optimizer": optimizer}


def moco_v2() -> dict[str, Any]:
    query = {**body(), **mlp("fc", 0, 2)}
    return {"epoch": 200, "arch": "resnet50", "state_dict": {f"module.encoder_q.{n}": v for n, v in query.items()}}


def swav() -> dict[str, Any]:
    state = {**body(), **mlp("projection_head", 0, 1, 3), "prototypes.weight": torch.ones(9, WIDE)}
    return {f"module.{name}": value for name, value in state.items()}


def dino() -> dict[str, Any]:
    def net(more: float) -> dict[str, Tensor]:
        state = {f"backbone.{name}": value + more for name, value in body().items()}
        return {f"module.{name}": value for name, value in {**state, **mlp("head.mlp", 0, 2)}.items()}

    teacher = {name.removeprefix("module."): value for name, value in net(0).items()}
    return {"student": net(1), "teacher": teacher, "epoch": 800, "args": argparse.Namespace(lr=0.3)}


def barlow_twins() -> dict[str, Any]:
    state = {f"module.backbone.{name}": value for name, value in body().items()}
    state |= {"module.bn.running_mean": torch.ones(WIDE), **mlp("module.projector", 0, 3, 6)}
    return {"epoch": 1000, "model": state, "optimizer": {"state": {}, "param_groups": []}}


def simclr() -> dict[str, Any]:
    state = {f"encoder.{name}": value for name, value in body().items()}
    return {**state, **mlp("projector", 0, 2)}


LAYOUTS: dict[Callable[[], dict[str, Any]], str] = {
    moco_v1: "of MoCo the body is taken; left out: linear.weight, linear.bias, encoder_k.",
    moco_v2: "of MoCo the body is taken; left out: linear.0.weight, linear.2.weight;",
    swav: "of SwAV the body is taken; left out: projection_head.0.weight, .* prototypes.weight",
    dino: "of a program with a backbone and a head the body is taken; left out: head.mlp.0.weight",
    barlow_twins: "of a program with a backbone and a head .*; left out: bn.running_mean, projector.0.weight",
    simclr: "of a program with an encoder and a head .*; left out: projector.0.weight",
    body: "it holds no head; the head is random",
}


def loaded(content: Mapping[str, Any], folder: Path, **more: Any) -> Network:
    file = save(dict(content), folder / "checkpoint.pth.tar")
    return Source.parse({"name": f"path:{file}", "arch": "resnet8", "width": 0.25, **more}).load(seed=1)


@pytest.mark.parametrize(("layout", "said"), LAYOUTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_the_body_is_taken_whole_and_what_is_left_out_is_said(
    layout: Callable[[], dict[str, Any]], said: str, tmp_path: Path
) -> None:
    with pytest.warns(UserWarning, match=said):
        found = loaded(layout(), tmp_path)
    own = state_of(found.body)
    assert all(torch.equal(own[name], value) for name, value in body().items())
    assert set(own) - set(body()) == {"linear.weight", "linear.bias"}
    assert isinstance(found.head, nn.Linear)


def test_its_head_comes_from_the_seed_and_a_task_gives_it_another(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="of MoCo"):
        one, again = (loaded(moco_v2(), tmp_path) for _ in range(2))
    assert torch.equal(one.head.get_parameter("weight"), again.head.get_parameter("weight"))
    assert one.with_head(3, generator=torch.Generator()).head.get_parameter("weight").shape == (3, WIDE)


def test_a_body_that_lacks_more_than_a_head_is_refused(tmp_path: Path) -> None:
    broken = {name: value for name, value in moco_v2()["state_dict"].items() if "layer2.0.conv1" not in name}
    with pytest.raises(ModelError, match=r"1 in the model but not in the file: layer2\.0\.conv1\.weight"):
        loaded({"state_dict": broken}, tmp_path)


def test_other_state_dicts_are_left_to_others() -> None:
    file = Path("x.pth")
    one = torch.ones(1)
    assert body_of({"conv1.weight": one, "fc.weight": one}, file) is None
    assert body_of({"backbone.conv1.weight": one, "classifier.4.weight": one}, file) is None
    assert body_of({"encoder.layer.0.weight": one, "embeddings.weight": one, "head.weight": one}, file) is None
    assert body_of({"encoder.layer.0.weight": one}, file) is None
    assert body_of({"encoder_q.conv1.weight": one, "stranger": one}, file) is None


def as_simclr_v2(name: str) -> str:
    """The converted files' name for one of torchvision's."""
    rules = (
        (r"^conv1\.", "net.0.0."),
        (r"^bn1\.", "net.0.1.0."),
        (r"^layer(\d)\.(\d+)\.downsample\.0\.", r"net.\1.blocks.\2.projection.shortcut."),
        (r"^layer(\d)\.(\d+)\.downsample\.1\.", r"net.\1.blocks.\2.projection.bn.0."),
        (r"^layer(\d)\.(\d+)\.conv1\.", r"net.\1.blocks.\2.net.0."),
        (r"^layer(\d)\.(\d+)\.bn1\.", r"net.\1.blocks.\2.net.1.0."),
        (r"^layer(\d)\.(\d+)\.conv2\.", r"net.\1.blocks.\2.net.2."),
        (r"^layer(\d)\.(\d+)\.bn2\.", r"net.\1.blocks.\2.net.3.0."),
        (r"^layer(\d)\.(\d+)\.conv3\.", r"net.\1.blocks.\2.net.4."),
        (r"^layer(\d)\.(\d+)\.bn3\.", r"net.\1.blocks.\2.net.5.0."),
    )
    for pattern, theirs in rules:
        if re.match(pattern, name):
            return re.sub(pattern, theirs, name)
    return name


def test_simclr_v2_is_read_under_torchvisions_names_and_its_images_are_not_normalised() -> None:
    from torchvision.models import resnet50

    with torch.device("meta"):
        names = [*resnet50().state_dict()]
    theirs = {f"resnet.{as_simclr_v2(name)}": torch.tensor(float(place)) for place, name in enumerate(names)}
    found = body_of({**theirs, "head.layers.0.weight": torch.ones(1)}, Path("r50_1x_sk0.pth"))
    assert found is not None
    assert {name: int(value) for name, value in found.weights.items()} == {n: place for place, n in enumerate(names)}
    assert (found.left_out, found.normalised) == (("head.layers.0.weight",), False)


def test_simclr_v2_with_selective_kernels_is_refused_with_what_to_take() -> None:
    names = ["resnet.net.0.0.weight", "resnet.net.1.blocks.0.net.2.mixing_conv.0.weight", "head.layers.0.weight"]
    with pytest.raises(ModelError, match=r"selective kernels .* take one with sk0"):
        body_of(dict.fromkeys(names, torch.ones(1)), Path("r50_1x_sk1.pth"))
