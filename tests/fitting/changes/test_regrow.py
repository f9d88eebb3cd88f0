"""Masks that move: counts exact after every edit, what comes back begins anew, the same bits after a kill at one."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, network
from torch import nn

from tombola import verbs
from tombola.errors import OptionError, RequestError
from tombola.fitting.changes._base import Change, Changing, Edit, Given
from tombola.fitting.changes._drawn import next_step, probe_of
from tombola.fitting.changes.regrow import Regrow, swapped
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.fitting.trained import Trained
from tombola.masks.budgets._base import Budget
from tombola.masks.drawing import draw_masks
from tombola.masks.masks import Masks, came_back
from tombola.masks.patterns._base import Pattern
from tombola.models.digest import weights_digest
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.objectives._base import Progress
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

FIT: dict[str, Any] = {"epochs": "16it", "batch": 10, "precision": "float32", "optimizer": {"name": "sgd", "lr": 0.05}}
PATTERNS = ("element", "stripe:4", "block:1x4", "kernel")


def regrow(**options: Any) -> Regrow:
    found = Change.parse({"name": "regrow", "every": "2it", "grow": {"name": "gradient", "batch": 10}, **options})
    assert isinstance(found, Regrow)
    return found


def fit(*changes: Change, **options: Any) -> Fit:
    return build(Fit, {**FIT, "changes": list(changes), **options})


def half(pattern: Any = "element", model: Network | None = None) -> Masks:
    body = (model or network()).body
    weights = dict(prunable(body))
    layers = layers_of(body, weights)
    return draw_masks(weights, 0.5, pattern=Pattern.parse(pattern), budget=Budget.parse("uniform"), layers=layers)


def trained(how: Fit, task: Task | None = None, folder: Path | None = None, masks: Masks | None = None) -> Network:
    return how.run(network(), task or Toy(), masks=masks or half(), seed=0, session=Session(folder))


def edits(change: Regrow, masks: Masks, steps: int = 16) -> Iterator[tuple[int, Masks, Edit]]:
    """The masks before each edit, and the edit, on weights that stay as they are where they are not pruned."""
    model = network()
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(7))
    at_work = change.begin(Given(model, masks, Toy(), seed=0))
    for step in range(steps):
        ask = at_work.after_backward if change.grow == "step" else at_work.at
        edit = ask(Given(model, masks, Toy(), seed=0), Progress(step, steps, 4))
        if edit is not None:
            assert edit.masks is not None
            yield step, masks, edit
            masks = edit.masks


def test_what_is_dropped_and_at_once_the_worthiest_stays_as_it_was() -> None:
    kept, magnitudes = torch.tensor([True, True, False]), torch.tensor([0.1, 0.9, 0.0])
    assert swapped(kept, magnitudes, torch.tensor([5.0, 0.0, 1.0]), 0.5).equal(kept)
    assert came_back(Masks({"a": kept}), Masks({"a": kept})) == {}, "so the loop takes nothing of it away"


def test_what_is_smallest_goes_and_what_is_worthiest_comes_back() -> None:
    kept = torch.tensor([True, True, True, True, False, False, False])
    magnitudes = torch.tensor([0.1, 0.1, 0.5, 0.9, 0.0, 0.0, 0.0])
    worths = torch.tensor([0.0, 0.0, 9.0, 9.0, 1.0, 3.0, 3.0])
    found = swapped(kept, magnitudes, worths, 0.5)
    assert found.tolist() == [False, False, True, True, False, True, True]
    one = swapped(kept, magnitudes, worths, 0.25)
    assert one.tolist() == [False, True, True, True, False, True, False], "ties by index"
    worths[0] = 10
    assert torch.equal(swapped(kept, magnitudes, worths, 0.25), kept), "what was just dropped may come back"


@pytest.mark.parametrize("grow", ["random", "gradient", "step"])
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("fraction", [0.07, 0.5, 1.0])
def test_every_tensor_keeps_its_count_after_every_edit(pattern: Any, fraction: float, grow: str) -> None:
    masks = half(pattern)
    change, moved = regrow(pattern=pattern, fraction=fraction, grow=grow), 0
    for _, before, edit in edits(change, masks):
        assert edit.masks is not None
        assert edit.masks.counts() == masks.counts()
        moved += int(edit.masks != before)
        groups = change.pattern
        again = draw_masks(
            {name: mask.float() for name, mask in edit.masks.items()},
            edit.masks.sparsity,
            pattern=groups,
            budget=Budget.parse("global"),
            layers=layers_of(network().body, edit.masks),
        )
        assert again == edit.masks, "whole groups alone are kept"
    assert moved or fraction < 0.1


def test_the_share_that_moves_falls_by_a_cosine_until_the_end() -> None:
    change = regrow(fraction=0.4, start=0.25, end=0.75)
    shares = {step: change.share(Progress(step, 16, 4)) for step in range(16)}
    assert {step for step, share in shares.items() if share} == {4, 6, 8, 10}
    assert shares[4] == pytest.approx(0.4)
    assert shares[8] == pytest.approx(0.2)
    assert regrow().share(Progress(0, 16, 4)) == 0


def test_random_growth_is_another_at_every_edit_and_the_same_for_the_same_seed() -> None:
    def grown() -> list[Masks]:
        return [edit.masks for _, _, edit in edits(regrow(grow="random", fraction=0.5), half()) if edit.masks]

    one, again = grown(), grown()
    assert one == again
    assert len(set(one)) == len(one)


def test_growth_looks_at_the_dense_gradient_and_leaves_none_behind() -> None:
    model, masks = network(), half()
    given = Given(model, masks, Toy(), seed=0)
    change = regrow(fraction=0.5)
    edit = change.begin(given).at(given, Progress(2, 16, 4))
    assert edit is not None
    assert edit.masks is not None
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not edit.masks.nested_in(masks)


class Watching(Changing):
    """Notes the gradients that a step has, and the masks it ends with."""

    def __init__(self) -> None:
        self.steps: list[tuple[torch.Tensor, torch.Tensor]] = []

    def after_backward(self, given: Given, progress: Progress) -> Edit | None:
        assert given.masks is not None
        weight = given.network.body.get_parameter("0.weight")
        assert weight.grad is not None
        self.steps.append((weight.grad.abs(), given.masks["0.weight"].clone()))
        return None


class Watch(Change):
    """`Watching`, as the fit lists it."""

    def begin(self, given: Given) -> Changing:
        return WATCHING


WATCHING = Watching()


def test_what_comes_back_is_steepest_in_the_steps_own_backward_and_the_step_goes_on_with_it() -> None:
    WATCHING.steps.clear()
    found = trained(fit(Watch(), regrow(grow="step", fraction=0.5, every="2it", end=1.0), epochs="4it"))
    assert found.masks is not None
    (_, first), (_, before), (steep, at_edit), (_, after) = WATCHING.steps
    assert torch.equal(first, before)
    assert torch.equal(before, at_edit)
    left, back = at_edit & after, after & ~at_edit
    assert 0 < int(back.sum()) == int((at_edit & ~after).sum())
    assert float(steep[back].min()) >= float(steep[~left & ~back].max())
    assert bool(found.body.get_parameter("0.weight")[back & found.masks["0.weight"]].all())


def test_its_gradient_is_that_of_a_network_in_training() -> None:
    """With batch norm on each batch's own statistics, the loss does not change where a convolution is scaled whole."""
    model = network().train()
    given = Given(model, half(), Toy(), seed=0)
    weight = model.body.get_parameter("0.weight").detach().clone().requires_grad_()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    found = []
    for probe in (next_step(given, "regrow", 2), probe_of(given)):
        (loss,) = probe.losses({"0.weight": weight}, batch=20, batches=1)
        (gradient,) = torch.autograd.grad(loss, [weight])
        found.append(float((gradient * weight).detach().flatten(1).sum(1).abs().max() / gradient.abs().max()))
    assert torch.equal(torch.get_rng_state(), before)
    assert found[0] < 1e-2 < found[1]
    assert model.training


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
def test_what_comes_back_begins_at_zero_without_momentum(kind: str) -> None:
    model = network()
    how = build(Fit, {"optimizer": {"name": kind, "lr": 0.1}})
    optimizer = how.optimizer.build(list(model.parameters()))
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    weight = model.body.get_parameter("0.weight")
    before = weight.detach().clone()
    places = torch.zeros_like(weight, dtype=torch.bool)
    places[0] = True
    Trained(model, optimizer, (), torch.device("cpu")).begin_anew({"0.weight": places}, {})
    moments = [value for value in optimizer.state[weight].values() if value is not None and value.shape == weight.shape]
    assert moments
    for value in [weight.detach(), *moments]:
        assert float(value[0].abs().max()) == 0
        assert float(value[1:].abs().min()) > 0
    assert torch.equal(weight.detach()[1:], before[1:])


def test_a_training_ends_with_the_masks_it_says() -> None:
    found = trained(fit(regrow(fraction=0.5)))
    assert found.masks is not None
    assert found.masks.counts() == half().counts()
    assert found.masks != half()
    for name, mask in found.masks.items():
        weight = found.body.get_parameter(name).detach()
        assert not bool(weight[~mask].count_nonzero())
        assert not bool(torch.signbit(weight[~mask]).any())
        assert bool(weight[mask].all()), "what came back was trained"
    assert trained(fit()).masks is None


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "average": {"ema": 0.9, "clip": 0.5},
    "adamw": {"optimizer": {"name": "adamw", "lr": 0.01}},
    "shards": {"shards": 2},
}


@cache
def unharmed(kind: str, grow: str) -> str:
    how = fit(regrow(grow=grow, end=1.0), checkpoint_every="1it", **KINDS[kind])
    found = trained(how)
    assert found.masks is not None
    return weights_digest(found) + found.masks.digest()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("good", [3, *(pytest.param(more, marks=pytest.mark.slow) for more in (2, 13))])
@pytest.mark.parametrize("grow", ["random", "step", pytest.param("gradient", marks=pytest.mark.slow)])
def test_killed_at_an_edit_it_ends_with_the_same_bits(tmp_path: Path, kind: str, good: int, grow: str) -> None:
    how = fit(regrow(grow=grow, end=1.0), checkpoint_every="1it", **KINDS[kind])
    with pytest.raises(Interrupted):
        trained(how, Failing(good=good), tmp_path)
    found = trained(how, folder=tmp_path)
    assert found.masks is not None
    assert weights_digest(found) + found.masks.digest() == unharmed(kind, grow)


def test_from_scratch_it_draws_masks_at_random_first() -> None:
    how = fit(regrow(sparsity=0.7, budget="erk"))
    found = how.run(network(), Toy(), masks=None, seed=0, session=Session())
    assert found.masks is not None
    total = found.masks.total
    assert found.masks.kept == total - round(0.7 * total)


def test_beside_gradual_pruning_both_have_their_say() -> None:
    change = Change.parse({"name": "prune", "sparsity": 0.8, "every": "2it", "end": 0.5})
    found = trained(fit(change, regrow(fraction=0.5)))
    assert found.masks is not None
    assert found.masks.total - found.masks.kept == round(0.8 * found.masks.total)
    assert not found.masks.nested_in(half())


DIGITS = {"name": "digits", "num_train": 60}
TRANSFER: dict[str, Any] = {
    "name": "finetune",
    "fit": {"epochs": "6it", "batch": 20, "changes": [{"name": "regrow", "every": "1it", "grow": "random"}]},
}


def test_the_ticket_that_is_kept_has_the_last_masks(tmp_path: Path) -> None:
    model = verbs.pretrain({"name": "resnet8", "width": 0.25}, DIGITS, {"epochs": "2it", "batch": 20})
    drawn = verbs.draw(model, {"name": "omp", "sparsity": 0.8})
    adapted = verbs.transfer(model, drawn, DIGITS, TRANSFER)
    kept = verbs.keep(adapted, drawn, Task.parse(DIGITS))
    assert kept.masks == adapted.masks != drawn.masks
    assert kept.masks.counts() == drawn.masks.counts()
    again = verbs.finished(str(kept.save(tmp_path / "x.ticket")), Task.parse(DIGITS))
    assert weights_digest(again) == weights_digest(adapted)
    assert Ticket.load(tmp_path / "x.ticket").masks == adapted.masks


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"start": 0.9}, "start=0.9 is not before end=0.75"),
        ({"pattern": "2:4"}, "pattern nm fixes how many"),
        ({"budget": "cost"}, "budget cost needs an image's size"),
        ({"fraction": 1.5}, "less than or equal to 1"),
    ],
)
def test_requests_that_make_no_sense_are_explained(options: dict[str, Any], problem: str) -> None:
    with pytest.raises((OptionError, RequestError), match=problem):
        regrow(**options)


def test_what_cannot_be_moved_is_refused() -> None:
    with pytest.raises(RequestError, match=r"nothing is pruned; write regrow.sparsity"):
        regrow().begin(Given(network(), None, Toy(), seed=0, beside=(regrow(),)))
    beside = (Change.parse({"name": "prune", "sparsity": 0.5}), regrow())
    regrow().begin(Given(network(), None, Toy(), seed=0, beside=beside))  # another change is to prune first
    with pytest.raises(RequestError, match=r"no step of 16 moves masks with every=20it and end=0\.75"):
        trained(fit(regrow(every="20it")))
    with pytest.raises(RequestError, match="keeps parts of groups; write the pattern"):
        trained(fit(regrow(pattern="kernel")), masks=half("element"))
    with pytest.raises(RequestError, match="is not trained, and what comes back would stay 0"):
        fit(regrow()).run(network(), Toy(), masks=half(), seed=0, session=Session(), parameters="head")
    with pytest.raises(OptionError, match="changes names regrow twice"):
        fit(regrow(), regrow())


def test_a_net_without_batch_norm_regrows_too() -> None:
    plain = Network(nn.Sequential(nn.Flatten(), nn.Linear(192, 12), nn.ReLU(), nn.Linear(12, 3)), source="plain")
    mask = torch.arange(12 * 192).view(12, 192) % 4 == 0
    found = fit(regrow(fraction=0.5)).run(plain, Toy(), masks=Masks({"1.weight": mask}), seed=0, session=Session())
    assert found.masks is not None
    assert found.masks.kept == int(mask.sum())
