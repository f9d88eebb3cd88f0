"""Ghost skips: ways around convolutions that fade, a plain net at the end, the same bits after a kill on the way."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, masks, network
from torch import nn

from tombola.errors import OptionError, RequestError
from tombola.exporters._base import Exporter
from tombola.fitting.changes._base import Change, Given
from tombola.fitting.changes.ghost_skips import FreeGhost, Ghost, GhostSkips
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.graphs.trace import trace
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.models.prunable import candidates
from tombola.models.source import Source
from tombola.objectives._base import Progress
from tombola.spec import build
from tombola.tasks._base import Task

FIT: dict[str, Any] = {"epochs": "16it", "batch": 10, "precision": "float32", "optimizer": {"name": "sgd", "lr": 0.05}}


def ghosts(**options: Any) -> GhostSkips:
    found = Change.parse({"name": "ghost_skips", **options})
    assert isinstance(found, GhostSkips)
    return found


def fit(*changes: Change, **options: Any) -> Fit:
    return build(Fit, {**FIT, "changes": list(changes), **options})


def trained(how: Fit, task: Task | None = None, folder: Path | None = None) -> Network:
    model = network()
    return how.run(model, task or Toy(), masks=masks(model), seed=0, session=Session(folder))


def haunted(model: Network, step: int = 0, **options: Any) -> Network:
    given = Given(model, None, Toy(), seed=0)
    edit = ghosts(**options).begin(given).at(given, Progress(step, 16, 4))
    assert edit is not None
    return edit.network


def resnet() -> Network:
    return Source.parse({"name": "resnet8", "width": 0.25}).load(seed=0)


def test_a_net_trained_with_both_aids_ships_as_a_plain_one(tmp_path: Path) -> None:
    """Its multiply-adds, layers and the C that is written of it are those of a net that never had any."""
    aids = [{"name": name, "end": 0.4} for name in ("soft_activations", "ghost_skips")]
    how = build(Fit, {**FIT, "epochs": "6it", "changes": aids})
    found = how.run(resnet().with_head(3, generator=torch.Generator()), Toy(), seed=0, session=Session())
    plain = resnet().with_head(3, generator=torch.Generator())
    assert [type(module) for module in found.modules()] == [type(module) for module in plain.modules()]
    made = [trace(net, (3, 8, 8)).nodes for net in (found, plain)]
    assert [(node.name, node.inputs, type(node.op), node.shape) for node in made[0]] == [
        (node.name, node.inputs, type(node.op), node.shape) for node in made[1]
    ]
    plain.load_state_dict(found.state_dict())
    written = [Exporter.parse({"name": "native", "size": 8}).export(net, Masks({}), tmp_path / str(place))
               for place, net in enumerate((found, plain))]  # fmt: skip
    assert all(one.read_bytes() == two.read_bytes() for one, two in zip(*written, strict=True) if one.suffix == ".c")


def test_alpha_falls_evenly_and_ends() -> None:
    change = ghosts(end=0.5)
    assert [change.alpha(Progress(step, 16)) for step in (0, 2, 4, 6)] == [1, 0.75, 0.5, 0.25]
    assert [change.alpha(Progress(step, 16)) for step in range(8, 16)] == [None] * 8


def test_each_convolution_but_the_first_has_one_and_no_rule_prunes_it() -> None:
    model = resnet()
    found = {name for name, module in haunted(model).body.named_modules() if isinstance(module, Ghost)}
    assert found == {f"layer{stage}.0.conv{place}.ghost" for stage in (1, 2, 3) for place in (1, 2)}
    assert candidates(haunted(model).body).keys() == candidates(model.body).keys()
    assert not any(isinstance(module, Ghost) for module in model.modules())


def test_it_is_the_sum_of_the_norm_and_its_own() -> None:
    model = haunted(network(), 2, end=0.5).eval()
    ghost = model.body.get_submodule("3.ghost")
    assert isinstance(ghost, Ghost)
    with torch.no_grad():
        ghost.mix.normal_(generator=torch.Generator().manual_seed(0))
    seen: dict[str, torch.Tensor] = {}
    model.body.get_submodule("2").register_forward_hook(lambda *given: seen.update(x=given[2]))
    model.body.get_submodule("5").register_forward_pre_hook(lambda *given: seen.update(y=given[1][0].clone()))
    model(torch.rand(2, 3, 8, 8))
    plain = network().eval().body
    assert isinstance(plain, nn.Sequential)
    way = torch.einsum("oi,nihw->nohw", ghost.mix[:, :, 0, 0], seen["x"][:, :, ::2, ::2]) / (1 + 1e-5) ** 0.5
    torch.testing.assert_close(seen["y"], plain[4](plain[3](seen["x"])) + 0.75 * way)


def test_a_free_one_has_no_weights_and_is_the_input_where_sizes_stay() -> None:
    model = resnet()
    found = [module for module in haunted(model, kind="free").modules() if isinstance(module, FreeGhost)]
    assert len(found) == 6
    assert not any(list(one.parameters()) for one in found)
    x = torch.rand(2, 4, 5, 5)
    assert torch.equal(found[0].way(x), x)
    assert found[2].way(x).shape == (2, 8, 3, 3), "of fewer pixels, as its convolution gives"


@pytest.mark.parametrize("kind", ["conv", "free"])
def test_at_first_the_signal_does_not_grow(kind: str) -> None:
    x = torch.rand(16, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    plain = float(resnet().train()(x).detach().std())
    assert float(haunted(resnet().train(), kind=kind)(x).detach().std()) < 2 * plain


@pytest.mark.parametrize("kind", ["conv", "free"])
def test_what_is_left_is_a_plain_net_with_its_zeros(kind: str) -> None:
    found = trained(fit(ghosts(kind=kind)))
    assert found.state_dict().keys() == network().state_dict().keys()
    plain = network().eval()
    assert [type(module) for module in found.modules()] == [type(module) for module in plain.modules()]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in found.modules())
    for name, mask in masks(network()).items():
        assert not bool(found.body.get_parameter(name).detach()[~mask].count_nonzero())
    plain.load_state_dict(found.state_dict())
    x = torch.rand(4, 3, 8, 8)
    assert torch.equal(found(x), plain(x))
    assert weights_digest(found) != weights_digest(trained(fit()))


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "average": {"ema": 0.9},
    "best": {"select": "best_val", "validate_every": "2it"},
    "soft": {"changes": [{"name": "soft_activations"}, {"name": "ghost_skips", "end": 0.5}]},
}


def of_kind(kind: str) -> Fit:
    return build(Fit, {**FIT, "changes": [ghosts(end=0.5)], "checkpoint_every": "1it", **KINDS[kind]})


@cache
def unharmed(kind: str) -> str:
    return weights_digest(trained(of_kind(kind)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("good", [8, pytest.param(3, marks=pytest.mark.slow)])
def test_killed_on_the_way_it_ends_with_the_same_bits(tmp_path: Path, kind: str, good: int) -> None:
    with pytest.raises(Interrupted):
        trained(of_kind(kind), Failing(good=good), tmp_path)
    assert weights_digest(trained(of_kind(kind), folder=tmp_path)) == unharmed(kind)


def test_what_cannot_have_any_is_refused() -> None:
    plain = Network(nn.Sequential(nn.Flatten(), nn.Linear(192, 3)), source="a line")
    with pytest.raises(RequestError, match=r"Sequential \(a line\) has no 3x3 convolution with a batch norm behind it"):
        fit(ghosts()).run(plain, Toy(), seed=0, session=Session())
    with pytest.raises(RequestError, match="'3' is not trained, or its batch norm is frozen"):
        trained(fit(ghosts(), bn="frozen"))
    with pytest.raises(RequestError, match="'3' is not trained, or its batch norm is frozen"):
        fit(ghosts()).run(network(), Toy(), seed=0, session=Session(), parameters="head")
    with pytest.raises((OptionError, RequestError), match=r"less than or equal to 0\.7"):
        ghosts(end=0.9)
