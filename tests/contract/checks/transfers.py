"""What every transfer keeps: a net that learned the task, with pruned weights at 0, decided by its seed."""

from math import log

import torch
from tests.transfers.words import asked_of

from tombola.data._counts import Counts
from tombola.data._loading import batches
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.tasks._base import Task
from tombola.transfers._base import Transfer

from .faults import Fault, filled, first, gives, shake
from .room import Check, finite, same, untouched


def adapted(transfer: Transfer, seed: int = 0) -> Network:
    """The toy net, adapted to the toy task: of pictures, or of words where those are refused."""
    model, masks, task = asked_of(transfer)
    return transfer.adapt(model, masks, task, seed=seed, session=Session())


def loss(model: Network, task: Task) -> float:
    """The toy task's mean loss on its training samples."""
    batch = next(batches(task.splits().train, 100))
    with torch.no_grad():
        outputs = model(batch.x, **batch.more)
    finite(outputs)
    assert outputs.shape == (len(batch), 3)
    return float(task.losses(outputs, batch.targets).mean())


def it_learns_the_task(transfer: Transfer) -> None:
    _, _, task = asked_of(transfer)
    transfer.check(task)
    model = adapted(transfer)
    assert not any(module.training for module in model.modules()), "it is not ready to be measured"
    assert task.fits(model)
    assert loss(model, task) < log(3) - 0.01, "it knows no more than that there are three classes"


def pruned_weights_stay_exactly_zero(transfer: Transfer) -> None:
    model = adapted(transfer)
    for name, mask in asked_of(transfer)[1].items():
        assert not bool(model.body.get_parameter(name)[~mask].any())
        assert bool(model.body.get_parameter(name)[mask].any()), "what is kept is 0 too"


def its_seed_decides_everything(transfer: Transfer) -> None:
    assert same(adapted(transfer), adapted(transfer))


def it_leaves_the_model_alone(transfer: Transfer) -> None:
    for training in (False, True):
        model, masks, task = asked_of(transfer)
        model.train(training)
        with untouched(model):
            transfer.adapt(model, masks, task, seed=0, session=Session())
        assert masks == asked_of(transfer)[1]


def more_images_cost_more(transfer: Transfer) -> None:
    few, many = (transfer.passes(Counts(count, 10, 10, 3, 8)) for count in (64, 6400))
    assert (few is None) == (many is None)
    assert few is None or many is None or 0 < few < many


CHECKS: tuple[Check, ...] = (
    it_learns_the_task,
    pruned_weights_stay_exactly_zero,
    its_seed_decides_everything,
    it_leaves_the_model_alone,
    more_images_cost_more,
)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "lets pruned weights grow",
        "linear",
        "adapt",
        gives(lambda net: filled(net, 0.5)),
        pruned_weights_stay_exactly_zero,
    ),
    Fault(
        "learns nothing",
        "linear",
        "adapt",
        lambda method: (
            lambda self, model, masks, task, **options: filled(
                task.head(model, generator=torch.Generator()), 0.0
            ).eval()
        ),
        it_learns_the_task,
    ),
    Fault("is not ready", "linear", "adapt", gives(lambda net: net.train()), it_learns_the_task),
    Fault("changes the model", "linear", "adapt", first(shake), it_leaves_the_model_alone),
)
