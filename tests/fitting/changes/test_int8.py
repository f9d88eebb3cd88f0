"""Last steps in int8: the net that is trained is the one that is shipped, and a plain one afterwards."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, masks, network
from torch import nn

from tombola.errors import ModelError, RequestError
from tombola.exporters.native import Native
from tombola.fitting.changes._base import Change, Given
from tombola.fitting.changes.int8 import Int8, shipped_in
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.models.inputs.tokens import Words
from tombola.models.network import Network
from tombola.native.loading import load
from tombola.objectives._base import Progress
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.tasks._calibration import of_task

FIT: dict[str, Any] = {"epochs": "8it", "batch": 10, "precision": "float32", "optimizer": {"name": "sgd", "lr": 0.05}}


def int8(**options: Any) -> Int8:
    found = Change.parse({"name": "int8", "begin_at": 0.5, "every": "2it", **options})
    assert isinstance(found, Int8)
    return found


def trained(how: Change, task: Task | None = None, folder: Path | None = None, **options: Any) -> Network:
    fit = build(Fit, {**FIT, "changes": [how], **options})
    return fit.run(network(), task or Toy(), masks=masks(network()), seed=0, session=Session(folder))


def images() -> torch.Tensor:
    return torch.from_numpy(of_task(Toy()).inputs["images"])


def test_what_is_left_is_a_plain_net_with_its_zeros() -> None:
    found = trained(int8())
    assert shipped_in(found) is None
    assert found.state_dict().keys() == network().state_dict().keys()
    for name, mask in masks(network()).items():
        assert not bool(found.body.get_parameter(name).detach()[~mask].count_nonzero())
    plain = network().eval()
    plain.load_state_dict(found.state_dict())
    assert torch.equal(found(images()), plain(images()))
    assert weights_digest(found) != weights_digest(trained(int8(begin_at=0.75)))


def test_it_waits_for_layers_that_others_add_and_is_refused_before_they_go() -> None:
    aids = Change.parse({"name": "ghost_skips", "end": 0.4})
    with pytest.raises(
        RequestError, match=r"int8 begins at 0\.3 .* ghost_skips adds .* until 0\.4; write int8\.begin_at"
    ):
        trained(int8(begin_at=0.3), changes=[aids, int8(begin_at=0.3)])
    # 0.41 of 6 steps is rounded to the second, and the ghosts stand up to the third.
    fit = build(Fit, {**FIT, "epochs": "6it", "changes": [aids, int8(begin_at=0.41)]})
    found = fit.run(network(), Toy(), masks=masks(network()), seed=0, session=Session())
    assert found.state_dict().keys() == network().state_dict().keys()


def test_the_c_that_is_shipped_answers_as_the_net_that_was_trained(tmp_path: Path) -> None:
    now = Given(trained(int8()), masks(network()), Toy(), seed=0)
    at_work = int8(begin_at=0.0).begin(now)
    edit = at_work.at(now, Progress(0, 8))
    assert edit is not None
    to = Native.parse({"name": "native", "size": 8, "target": "plain", "arithmetic": "int8"})
    to.export_on(now.network, masks(now.network), tmp_path / "net", of_task(Toy()))
    shipped = shipped_in(edit.network)
    assert shipped is not None
    step = list(shipped.how.values())[-2].scale  # of what the head reads
    with load(tmp_path / "net") as net, torch.no_grad():
        ours, theirs, plain = net(images()), edit.network(images()), now.network(images())
    assert float((ours - theirs).abs().max()) <= step * float(
        now.network.body.get_parameter("9.weight").detach().abs().max()
    )
    assert float((ours - theirs).abs().median()) < 1e-6 < 1e-5 < float((ours - plain).abs().median())


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "average": {"ema": 0.9},
    "best": {"select": "best_val", "validate_every": "2it"},
    "shards": {"shards": 2},
}


@cache
def unharmed(kind: str) -> str:
    return weights_digest(trained(int8(), checkpoint_every="1it", **KINDS[kind]))


@pytest.mark.parametrize(
    "kind", ["plain", *(pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS if kind != "plain")]
)
def test_killed_on_the_way_it_ends_with_the_same_bits(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Interrupted):
        trained(int8(), Failing(good=5 if kind != "shards" else 10), tmp_path, checkpoint_every="1it", **KINDS[kind])
    assert weights_digest(trained(int8(), folder=tmp_path, checkpoint_every="1it", **KINDS[kind])) == unharmed(kind)


def test_scales_follow_the_weights_every_so_often() -> None:
    now = Given(network(), None, Toy(), seed=0)
    at_work = int8(begin_at=0.0).begin(now)
    edit = at_work.at(now, Progress(0, 8))
    assert edit is not None
    at_work.edited(edit)
    now = Given(edit.network, None, now.task, now.seed)
    shipped = shipped_in(edit.network)
    assert shipped is not None
    before = shipped.how
    with torch.no_grad():
        edit.network.body.get_parameter("0.weight").mul_(3)
    assert at_work.at(now, Progress(1, 8)) is None
    assert shipped.how == before
    assert at_work.at(now, Progress(2, 8)) is None
    assert shipped.how != before


def test_a_net_that_no_export_follows_and_a_layer_that_is_none_are_refused_before_the_first_step() -> None:
    odd = Network(nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.Softplus(), nn.Linear(8, 3)), source="odd")
    with pytest.raises(ModelError, match="softplus"):
        build(Fit, {**FIT, "changes": [int8()]}).run(odd, Toy(), seed=0, session=Session())
    words = Network(nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(8, 3)), Words(), source="words")
    with pytest.raises(RequestError, match=r"Sequential \(words\) reads texts"):
        int8().begin(Given(words, None, Toy(), seed=0))
    with pytest.raises(RequestError, match="no layer 'stem' to leave in float32"):
        trained(int8(in_float32=["stem"]))
