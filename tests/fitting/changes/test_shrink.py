"""Shrinking: dead channels go while a supernet is trained, momenta and masks with them, the ticket is the net left."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, network

from tombola import verbs
from tombola.errors import RequestError
from tombola.fitting import state
from tombola.fitting.changes._base import Change, Changing, Given
from tombola.fitting.changes.average import Average
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.files import load_network, save_network
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source
from tombola.models.supernet import Supernet
from tombola.objectives._base import Progress
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

SMALL: dict[str, Any] = {"name": "supernet:1x2", "width": 0.34}
FIT: dict[str, Any] = {"epochs": "12it", "batch": 10, "precision": "float32", "optimizer": {"name": "sgd", "lr": 0.05}}
SHRINK: dict[str, Any] = {"name": "shrink", "every": "3it", "below": 1.0, "memory": 0.5}
PRUNE: dict[str, Any] = {"name": "prune", "sparsity": 0.5, "every": "2it"}
REVIVE: dict[str, Any] = {"name": "revive", "sparsity": 0.5, "rise": 0.25, "every": "2it"}


def supernet() -> Network:
    """With scales around 1, so that half of them fall under it when they are trained."""
    return Source.parse(SMALL).load(num_classes=3, seed=0)


def units(found: Network) -> list[tuple[int, ...]]:
    assert isinstance(found.body, Supernet)
    return [tuple(block.units().values()) for block in found.body.blocks().values()]


def fit(*changes: dict[str, Any], **options: Any) -> Fit:
    return build(Fit, {**FIT, "changes": list(changes), **options})


def trained(how: Fit, task: Task | None = None, folder: Path | None = None, given: Masks | None = None) -> Network:
    return how.run(supernet(), task or Toy(), masks=given, seed=0, session=Session(folder))


def test_channels_that_are_dead_now_and_on_average_go_and_at_the_end_the_average_decides() -> None:
    given = Given(supernet(), None, Toy(), seed=0)
    assert isinstance(given.network.body, Supernet)
    change = Change.parse({**SHRINK, "below": 0.5, "memory": 0.9})
    at_work = change.begin(given)
    scales = next(iter(given.network.body.paths().values())).norm2.weight
    with torch.no_grad():
        scales[:3] = 0
    assert at_work.at(given, Progress(3, 12, 4)) is None, "they were alive a moment ago"
    for step in range(3):
        at_work.after_step(step + 100)
    assert at_work.at(given, Progress(3, 12, 4)) is None
    for step in range(9):
        at_work.after_step(step + 100)
    edit = at_work.at(given, Progress(3, 12, 4))
    assert edit is not None
    assert units(edit.network)[0] == (5, 8)
    assert units(given.network)[0] == (8, 8)
    with torch.no_grad():
        scales[:3] = 1
    assert at_work.at(given, Progress(3, 12, 4)) is None
    assert at_work.at(given, Progress(9, 12, 4)) is not None


def test_momenta_of_what_is_left_stay_bit_for_bit() -> None:
    given = Given(supernet(), None, Toy(), seed=0)
    how = fit(optimizer={"name": "adamw", "lr": 0.01})
    optimizer = how.optimizer.build(list(given.network.parameters()))
    for parameter in given.network.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(parameter.numel()))
    optimizer.step()
    names = state.names_of(given.network)
    edit = Change.parse(SHRINK).begin(given).at(given, Progress(3, 12, 4))
    assert edit is not None
    after = how.optimizer.build(list(edit.network.parameters()))
    state.carry_optimizer(optimizer, names, after, edit.network, edit.kept)
    smaller = 0
    for held, name in names.items():
        if name not in dict(edit.network.named_parameters()):
            continue
        new = edit.network.get_parameter(name)
        for entry, value in optimizer.state[held].items():
            if isinstance(value, torch.Tensor) and value.shape == held.shape:
                places = edit.kept.get(name)
                wanted = value if places is None else value.reshape(-1)[places]
                assert torch.equal(after.state[new][entry], wanted)
                smaller += new.numel() < held.numel()
    assert smaller


@pytest.mark.parametrize("beside", [PRUNE, REVIVE])
def test_search_and_pruning_in_one_training(beside: dict[str, Any]) -> None:
    found = trained(fit(SHRINK, beside))
    assert sum(map(sum, units(found))) < sum(map(sum, units(supernet())))
    assert found.masks is not None
    assert found.masks.total - found.masks.kept == round(0.5 * found.masks.total)
    assert found.masks.keys() == prunable(found.body).keys(), "the classifier has no mask"
    for name, mask in found.masks.items():
        assert not bool(found.body.get_parameter(name).detach()[~mask].count_nonzero())


KINDS: dict[str, Fit] = {
    "revive": fit(SHRINK, REVIVE, ema=0.9, checkpoint_every="1it"),
    "penalty": fit(SHRINK, PRUNE, objective={"name": "scale_penalty", "rho": 0.05}, checkpoint_every="1it"),
}


@cache
def unharmed(kind: str) -> str:
    return weights_digest(trained(KINDS[kind]))


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=[pytest.mark.slow] * (kind == "revive")) for kind in KINDS])
@pytest.mark.parametrize("good", [7, pytest.param(3, marks=pytest.mark.slow)])
def test_killed_where_it_shrinks_it_ends_with_the_same_bits(tmp_path: Path, kind: str, good: int) -> None:
    with pytest.raises(Interrupted):
        trained(KINDS[kind], Failing(good=good), tmp_path)
    assert weights_digest(trained(KINDS[kind], folder=tmp_path)) == unharmed(kind)


@pytest.mark.slow
def test_what_is_left_is_saved_drawn_and_transferred_as_any_other(tmp_path: Path) -> None:
    digits = {"name": "digits", "num_train": 60}
    searched = verbs.pretrain(SMALL, digits, {**FIT, "epochs": "6it", "changes": [SHRINK]})
    assert units(searched) != units(supernet())
    again = load_network(Source.parse(SMALL), save_network(searched, tmp_path / "net.safetensors"))
    assert weights_digest(again) == weights_digest(searched)
    drawn = verbs.draw(again, {"name": "omp", "sparsity": 0.5})
    finetune = {"name": "finetune", "fit": {**FIT, "epochs": "6it"}}
    joint = {"name": "finetune", "fit": {**FIT, "epochs": "6it", "changes": [SHRINK, PRUNE]}}
    adapted = verbs.transfer(again, drawn, digits, joint)
    kept = verbs.keep(adapted, drawn, Task.parse(digits))
    file = kept.save(tmp_path / "x.ticket")
    assert weights_digest(verbs.finished(str(file), Task.parse(digits))) == weights_digest(adapted)
    other = verbs.transfer(verbs.base_of(Ticket.load(file)), Ticket.load(file), Toy(), finetune)
    assert units(other) == units(adapted)


@pytest.mark.slow
def test_omp_of_a_searched_and_pruned_net_is_its_own_ticket() -> None:
    fits = {**FIT, "changes": [SHRINK, REVIVE]}
    found = verbs.pretrain(SMALL, {"name": "digits", "num_train": 60}, fits)
    assert found.masks is not None
    drawn = verbs.draw(found, {"name": "omp", "sparsity": 0.5})
    assert drawn.masks == found.masks


def test_a_net_without_paths_is_refused() -> None:
    how = fit(SHRINK)
    with pytest.raises(RequestError, match=r"shrink: Sequential \(toy\) has no parallel paths.*model=supernet:2x2"):
        how.run(network(), Toy(), seed=0, session=Session())


def test_an_average_is_freed_of_what_its_own_dead_channels_gave() -> None:
    net = supernet().eval()
    assert isinstance(net.body, Supernet)
    x = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for path in net.body.paths().values():
            path.norm2.weight[:2] = 0  # dead, but what they give is not 0
            path.norm2.bias[:2] = 0.5
    average = Average(decay=0.5).begin(Given(net, None, Toy(), seed=0))
    with torch.no_grad():
        for path in net.body.paths().values():
            path.norm2.bias[:2] = 0.1  # the net's own give less by now than the average's
    answers = [net(x), with_values(net, average)(x)]
    change = Change.parse({**SHRINK, "below": 0.0, "every": "1it"}).begin(Given(net, None, Toy(), seed=0))
    edit = change.at(Given(net, None, Toy(), seed=0), Progress(1, 8, 4))
    assert edit is not None
    before, after = (sum(map(sum, units(found))) for found in (net, edit.network))
    assert after == before - 2 * len(net.body.paths())
    average.edited(edit)
    torch.testing.assert_close(edit.network(x), answers[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(with_values(edit.network, average)(x), answers[1], atol=1e-5, rtol=1e-4)


def with_values(net: Network, average: Changing) -> Network:
    found, values = net.copy().eval(), average.candidate()
    assert values is not None
    found.load_state_dict(values)
    return found
