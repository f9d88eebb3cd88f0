"""What every change keeps: edits that fit, decided by what it is given; a training that goes on the same."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, network

from tombola.fitting.changes._base import Change, Changing, Edit, Given
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source
from tombola.objectives._base import Progress
from tombola.spec import build
from tombola.tasks._base import Task

from .faults import Fault, first
from .room import Check, finite, pruned, same, untouched

STEPS = 8


def net_for(change: Change) -> Network:
    """The toy net, or the one that it says it wants."""
    return Source.parse(change.NET).load(num_classes=3, seed=0) if change.NET else network()


def given(change: Change, masks: Masks | None = None) -> Given:
    """Its net, before its first step."""
    return Given(net_for(change), masks, Toy(), seed=0)


def edits(change: Change, masks: Masks | None = None) -> list[Edit | None]:
    """What it asks for before each step of a training that leaves the weights as they are."""
    now, found = given(change, masks), []
    at_work = change.begin(now)
    for step in range(STEPS):
        found.append(at_work.at(now, Progress(step, STEPS, 4)))
        edit = found[-1]
        if edit is not None:
            now = Given(edit.network, edit.masks, now.task, now.seed)
            at_work.edited(edit)
        at_work.after_step(step)
    return found


def trained(change: Change, task: Task | None = None, folder: Path | None = None) -> Network:
    """A short training with it."""
    options = {"epochs": f"{STEPS}it", "batch": 10, "precision": "float32", "checkpoint_every": "1it"}
    fit = build(Fit, {**options, "changes": [change]})
    return fit.run(net_for(change), task or Toy(), seed=0, session=Session(folder))


def its_edits_fit_the_network(change: Change) -> None:
    for masks in (None, pruned(network()) if not change.NET else Masks.full(prunable(net_for(change).body))):
        for edit in filter(None, edits(change, masks)):
            shapes = {name: parameter.shape for name, parameter in edit.network.body.named_parameters()}
            for name, mask in (edit.masks or {}).items():
                assert shapes[name] == mask.shape, f"a mask does not fit {name}"
            state = edit.network.state_dict()
            for name, places in edit.kept.items():
                assert state[name].shape == places.shape, f"what is kept of {name} has another shape"


def what_it_is_given_decides_its_edits(change: Change) -> None:
    one, again = edits(change), edits(change)
    for left, right in zip(one, again, strict=True):
        assert (left is None) == (right is None)
        if left is not None and right is not None:
            assert left.masks == right.masks
            assert same(left.network, right.network)


def it_leaves_the_network_alone(change: Change) -> None:
    now = given(change)
    with untouched(now.network):
        at_work = change.begin(now)
        for step in range(STEPS):
            at_work.at(now, Progress(step, STEPS, 4))


def a_training_with_it_ends_in_a_finite_network(change: Change) -> None:
    found = trained(change)
    assert not found.training
    for tensor in found.state_dict().values():
        finite(tensor)


def a_training_goes_on_with_the_same_bits(change: Change) -> None:
    """Killed after each of its steps but the last, it begins once from every checkpoint."""
    whole = trained(change)
    with TemporaryDirectory() as folder:
        for _ in range(1, STEPS):
            with pytest.raises(Interrupted):
                trained(change, Failing(good=1), Path(folder))
        assert same(whole, trained(change, folder=Path(folder))), "another network after a kill at every step"


CHECKS: tuple[Check, ...] = (
    its_edits_fit_the_network,
    what_it_is_given_decides_its_edits,
    it_leaves_the_network_alone,
    a_training_with_it_ends_in_a_finite_network,
    a_training_goes_on_with_the_same_bits,
)


class _Broken(Changing):
    """Asks for what another one asks for, changed."""

    def __init__(self, inner: Changing, change: Callable[[Edit], Edit]) -> None:
        self._inner = inner
        self._change = change

    def at(self, given: Given, progress: Progress) -> Edit | None:
        edit = self._inner.at(given, progress)
        return None if edit is None else self._change(edit)


def _luck(edit: Edit) -> Edit:
    masks = {name: torch.rand(mask.shape) > 0.5 for name, mask in (edit.masks or {}).items()}
    return Edit(edit.network, Masks(masks))


def _rows(edit: Edit) -> Edit:
    return Edit(edit.network, Masks({name: mask[:1] for name, mask in (edit.masks or {}).items()}))


def _broken(change: Callable[[Edit], Edit]) -> Callable[..., Callable[..., Changing]]:
    return lambda method: lambda self, given: _Broken(method(self, given), change)


FAULTS: tuple[Fault, ...] = (
    Fault("masks do not fit", "prune", "begin", _broken(_rows), its_edits_fit_the_network),
    Fault("masks by luck", "prune", "begin", _broken(_luck), what_it_is_given_decides_its_edits),
    Fault(
        "changes the network",
        "prune",
        "begin",
        first(lambda given: given.network.head.weight.data.add_(1)),
        it_leaves_the_network_alone,
    ),
)
