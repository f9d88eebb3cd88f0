"""Batch-norm statistics taken anew."""

import torch
from tests.fitting.toys import images, network

from tombola.batch import to_float
from tombola.fitting.recalibrate import recalibrated

CPU = torch.device("cpu")


def test_one_batch_gives_exactly_its_own_statistics() -> None:
    model, data = network(), images(30, 0)
    renewed = recalibrated(model, data, seed=0, device=CPU)
    x = model.body.get_submodule("0")(to_float(data.pixels))
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
    torch.testing.assert_close(renewed.state_dict()["body.1.running_mean"], mean)
    torch.testing.assert_close(renewed.state_dict()["body.1.running_var"], variance)


def test_only_statistics_change_and_the_given_model_does_not() -> None:
    model = network()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    renewed = recalibrated(model, images(600, 0), seed=0, device=CPU).state_dict()
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    changed = {name for name in before if not torch.equal(before[name], renewed[name])}
    assert {name.rpartition(".")[2] for name in changed} == {"running_mean", "running_var", "num_batches_tracked"}


def test_momentum_is_as_it_was() -> None:
    renewed = recalibrated(network(), images(30, 0), seed=0, device=CPU)
    assert renewed.body.get_submodule("1").momentum == 0.1
