"""A learning rate of the head's own: its groups follow the same schedule, and everything else stays as it was."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tombola.fitting.fit import Fit
from tombola.fitting.making import Making
from tombola.fitting.optimizers._base import Optimizer
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.objectives._base import Running
from tombola.objectives.natural import Natural
from tombola.spec import build

from .toys import Toy, network

SHORT = {"epochs": "4it", "batch": 6, "schedule": "cosine", "optimizer": {"name": "adamw", "lr": 0.01}}


def trained(session: Session | None = None, **options: object) -> Network:
    how = build(Fit, {**SHORT, **options})
    return how.run(network(), Toy(), seed=0, session=session or Session())


def moved(result: Network) -> dict[str, float]:
    """How far each tensor is from where it began."""
    before = network().state_dict()
    named = dict(result.named_parameters())
    return {name: float((value.detach() - before[name]).abs().max()) for name, value in named.items()}


def same(one: nn.Module, two: nn.Module) -> bool:
    return all(torch.equal(value, two.state_dict()[name]) for name, value in one.state_dict().items())


def test_the_bodys_own_rate_changes_nothing() -> None:
    assert same(trained(), trained(head_lr=0.01))


def test_the_head_alone_moves_faster() -> None:
    head = f"body.{network().head_name}."
    slow, fast = moved(trained()), moved(trained(head_lr=0.1, epochs="1it"))
    one = moved(trained(epochs="1it"))
    for name in slow:  # AdamW's first step is as long as its rate
        assert fast[name] == pytest.approx(one[name] * (10 if name.startswith(head) else 1), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_groups_hold_every_parameter_once(name: str) -> None:
    model = network()
    build_one = Optimizer.parse(name).build
    making = Making(lambda _: Running(Natural()), build_one, False, torch.device("cpu"), head_share=4.0)  # noqa: FBT003
    optimizer = making.optimizing(model, list(model.parameters()))
    shares = {id(p): group.get("share", 1.0) for group in optimizer.param_groups for p in group["params"]}
    count = sum(len(group["params"]) for group in optimizer.param_groups)
    assert count == len(shares) == len(list(model.parameters()))
    head = {id(parameter) for parameter in model.head.parameters()}
    assert all(share == (4.0 if place in head else 1.0) for place, share in shares.items())


def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    options: dict[str, Any] = {"head_lr": 0.05, "checkpoint_every": "1it"}
    whole = trained(**options)
    trained(Session(tmp_path), **options)
    last = max(tmp_path.rglob("step-*.safetensors"), default=None)
    assert last is not None
    last.unlink()
    assert same(whole, trained(Session(tmp_path), **options))


def test_older_identities_stay() -> None:
    assert "head_lr" not in Fit().identity()
    assert Fit(head_lr=0.1).digest() != Fit().digest()
