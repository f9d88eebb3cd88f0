"""The penalty on a supernet's scales: its size and rise, by operations, around objectives whose loss is there."""

from typing import Any

import pytest
import torch
from tests.fitting.toys import Toy, network
from tests.objectives.toys import cross_entropy, rng

from tombola.batch import Batch
from tombola.errors import RequestError
from tombola.models.slimming import operations
from tombola.models.source import Source
from tombola.models.supernet import Supernet
from tombola.objectives._base import Objective, Progress


def loss(options: dict[str, Any], step: int) -> float:
    net = Source.parse("supernet:1x1").load(num_classes=3, seed=0).train()
    objective = Objective.parse(options)
    running = objective.begin(net, Toy(), seed=0)
    batch = Batch(torch.rand(6, 3, 8, 8, generator=rng()), torch.arange(6) % 3)
    return float(running.loss(net, batch, cross_entropy, at=Progress(step, 100), generator=rng()).loss.detach())


@pytest.mark.parametrize("of", ["natural", {"name": "adversarial", "attack": {"name": "fgsm", "eps": 0.01}}])
def test_scales_of_one_add_rho_times_their_number_once_it_has_risen(of: Any) -> None:
    options = {"name": "scale_penalty", "of": of, "rho": 0.5, "rise": 0.2}
    plain = loss(of if isinstance(of, dict) else {"name": of}, 0)
    channels = 2 * 2 * (24 + 24)  # two blocks, two paths of 24 each; in the mean a channel costs 1
    assert loss(options, 0) == pytest.approx(plain, rel=1e-5)
    assert loss(options, 5) - plain == pytest.approx(0.25 * 0.5 * channels / 2, rel=1e-4)
    assert loss(options, 20) - plain == pytest.approx(0.5 * channels / 2, rel=1e-4)
    assert loss(options, 90) == pytest.approx(loss(options, 20), rel=1e-5)


def test_dear_channels_are_pushed_harder() -> None:
    net = Source.parse("supernet:1x2").load(num_classes=3, seed=0).train()
    assert isinstance(net.body, Supernet)
    running = Objective.parse({"name": "scale_penalty", "rho": 1e4, "rise": 0}).begin(net, Toy(), seed=0)
    batch = Batch(torch.rand(6, 3, 8, 8, generator=rng()), torch.arange(6) % 3)
    running.loss(net, batch, cross_entropy, at=Progress(1, 2), generator=rng()).loss.backward()  # type: ignore[no-untyped-call]
    costs = operations(net, Toy().example())
    pushed = {name: path.norm2.weight.grad for name, path in net.body.paths().items()}
    per_cost = [float(grad.mean()) / costs[name] for name, grad in pushed.items() if grad is not None]
    assert len(per_cost) == len(costs)
    assert per_cost == pytest.approx([per_cost[0]] * len(per_cost), rel=1e-2)


def test_what_it_cannot_weigh_is_refused() -> None:
    with pytest.raises(RequestError, match=r"Sequential has no parallel paths.*objective=natural"):
        Objective.parse("scale_penalty").begin(network(), Toy(), seed=0)
    for of in ("free", "freelb"):
        with pytest.raises(RequestError, match="nothing can be added to it; write of=adversarial"):
            Objective.parse({"name": "scale_penalty", "of": of})
