"""ReLUs that begin smooth: sharper step by step, gone at the end, the same bits after a kill on the way."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, masks, network
from torch import nn

from tombola.errors import OptionError, RequestError
from tombola.fitting.changes._base import Change, Given
from tombola.fitting.changes.soft_activations import Soft, SoftActivations
from tombola.fitting.fit import Fit
from tombola.fitting.part import Part
from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.objectives._base import Progress
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.units import Steps

FIT: dict[str, Any] = {"epochs": "16it", "batch": 10, "precision": "float32", "optimizer": {"name": "sgd", "lr": 0.05}}


def soft(**options: Any) -> SoftActivations:
    found = Change.parse({"name": "soft_activations", **options})
    assert isinstance(found, SoftActivations)
    return found


def fit(*changes: Change, **options: Any) -> Fit:
    return build(Fit, {**FIT, "changes": list(changes), **options})


def trained(how: Fit, task: Task | None = None, folder: Path | None = None, part: Part | None = None) -> Network:
    model = network()
    return how.run(model, task or Toy(), masks=masks(model), seed=0, session=Session(folder), part=part or Part())


def act(x: torch.Tensor, beta: float) -> torch.Tensor:
    module = Soft()
    module.amount.fill_(beta)
    found: torch.Tensor = module(x)
    return found


@pytest.mark.parametrize("beta", [1.0, 5.0, 40.0])
def test_it_is_a_relu_up_to_0_278_over_beta(beta: float) -> None:
    x = torch.linspace(-10, 10, 20_001)
    apart = float((act(x, beta) - x.relu()).abs().max())
    assert apart == pytest.approx(0.2785 / beta, rel=0.01)


def test_beta_rises_by_equal_ratios_and_ends() -> None:
    change = soft(begin_at=1.0, sharp=16.0, end=0.5)
    betas = [change.beta(Progress(step, 16)) for step in range(16)]
    assert betas[0] == pytest.approx(1)
    assert betas[4] == pytest.approx(4)
    assert betas[8:] == [None] * 8


def test_the_net_is_smooth_until_the_end_and_plain_after_it() -> None:
    now = Given(network(), None, Toy(), seed=0)
    at_work = soft().begin(now)
    edit = at_work.at(now, Progress(0, 16, 4))
    assert edit is not None
    at_work.edited(edit)
    smooth = [module for module in edit.network.modules() if isinstance(module, Soft)]
    assert len(smooth) == 2
    assert not any(isinstance(module, Soft) for module in now.network.modules())
    now = Given(edit.network, None, now.task, now.seed)
    assert at_work.at(now, Progress(4, 16, 4)) is None
    assert float(smooth[0].amount) == pytest.approx(20**0.5)
    last = at_work.at(now, Progress(8, 16, 4))
    assert last is not None
    assert [type(module) for module in last.network.modules()] == [type(module) for module in network().modules()]
    assert last.network.state_dict().keys() == network().state_dict().keys()


def test_what_is_left_is_a_plain_net_with_its_zeros() -> None:
    found = trained(fit(soft()))
    assert found.state_dict().keys() == network().state_dict().keys()
    for name, mask in masks(network()).items():
        assert not bool(found.body.get_parameter(name).detach()[~mask].count_nonzero())
    plain = network().eval()
    plain.load_state_dict(found.state_dict())
    x = torch.rand(4, 3, 8, 8)
    assert torch.equal(found(x), plain(x))
    assert weights_digest(found) != weights_digest(trained(fit()))


def test_a_part_that_ends_on_the_way_gives_a_plain_net_back() -> None:
    found = trained(fit(soft()), part=Part(end=Steps(4, "it")))
    assert found.state_dict().keys() == network().state_dict().keys()


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "average": {"ema": 0.9},
    "adamw": {"optimizer": {"name": "adamw", "lr": 0.01}},
    "best": {"select": "best_val", "validate_every": "2it"},
    "shards": {"shards": 2},
}


@cache
def unharmed(kind: str) -> str:
    return weights_digest(trained(fit(soft(), checkpoint_every="1it", **KINDS[kind])))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("good", [8, *(pytest.param(more, marks=pytest.mark.slow) for more in (3, 9))])
def test_killed_on_the_way_it_ends_with_the_same_bits(tmp_path: Path, kind: str, good: int) -> None:
    how = fit(soft(), checkpoint_every="1it", **KINDS[kind])
    with pytest.raises(Interrupted):
        trained(how, Failing(good=good), tmp_path)
    assert weights_digest(trained(how, folder=tmp_path)) == unharmed(kind)


def test_it_stands_beside_changes_of_masks() -> None:
    moving = Change.parse({"name": "regrow", "every": "2it", "grow": "random", "fraction": 0.5})
    found = trained(fit(soft(), moving))
    assert found.masks is not None
    assert found.masks.counts() == masks(network()).counts()


def test_a_relu_in_several_places_stays_one() -> None:
    shared = nn.ReLU()
    body = nn.Sequential(nn.Flatten(), nn.Linear(192, 4), shared, nn.Linear(4, 4), shared, nn.Linear(4, 3))
    given = Given(Network(body, source="shared"), None, Toy(), seed=0)
    edit = soft().begin(given).at(given, Progress(0, 4))
    assert edit is not None
    assert edit.network.body.get_submodule("2") is edit.network.body.get_submodule("4")


def test_our_residual_nets_have_relus_that_are_found() -> None:
    given = Given(Source.parse({"name": "resnet8", "width": 0.25}).load(), None, Toy(), seed=0)
    edit = soft().begin(given).at(given, Progress(0, 4))
    assert edit is not None
    assert sum(isinstance(module, Soft) for module in edit.network.modules()) == 7


def test_a_net_without_any_is_refused_by_name() -> None:
    plain = Network(nn.Sequential(nn.Flatten(), nn.Linear(192, 3)), source="a line")
    with pytest.raises(RequestError, match=r"Sequential \(a line\) has no ReLU that is a module"):
        fit(soft()).run(plain, Toy(), seed=0, session=Session())


class Mixed(nn.Module):
    """One ReLU that is a module, one that is a function."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Flatten(), nn.Linear(192, 4), nn.ReLU())
        self.last = Hidden()
        self.head = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.head(torch.relu_(self.last(self.stem(x))))
        return found


class Hidden(nn.Linear):
    """A layer that calls its own ReLU."""

    def __init__(self) -> None:
        super().__init__(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.relu(super().forward(x))


def test_relus_that_are_functions_are_named() -> None:
    mixed = Network(Mixed(), source="mixed", head="head")
    with pytest.raises(RequestError, match=r"Mixed \(mixed\) calls ReLUs as functions.*in last, the body itself;"):
        fit(soft()).run(mixed, Toy(), seed=0, session=Session())


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"end": 0.9}, "less than or equal to 0.7"), ({"begin_at": 30}, "begin_at=30 is above sharp=20")],
)
def test_requests_that_make_no_sense_are_explained(options: dict[str, Any], problem: str) -> None:
    with pytest.raises((OptionError, RequestError), match=problem):
        soft(**options)
