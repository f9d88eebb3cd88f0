"""Movement against plain SGD on a copy, step by step."""

import torch
from tests.fitting.toys import Toy
from tests.masks.scores.nets import probe, smooth, weights
from torch.nn import functional as F

from tombola.fitting.feed import Feed
from tombola.fitting.seeds import derive
from tombola.masks.scores.movement import Movement


def test_it_sums_minus_gradient_times_weight_along_sgd() -> None:
    model = smooth()
    found = Movement(lr=0.5, steps=6, batch=8).scores(weights(model), probe(model))
    plain = model.copy().eval()
    moved = weights(plain)
    expected = {name: torch.zeros_like(weight) for name, weight in moved.items()}
    feed = Feed(Toy().splits().train, 8, seed=derive(0, "score"), device=torch.device("cpu"), drop_last=True)
    optimizer = torch.optim.SGD(moved.values(), lr=0.5)
    for step in range(6):
        batch = feed.batch_at(step)
        x, labels = batch.x, batch.targets
        optimizer.zero_grad()
        F.cross_entropy(plain(x), labels).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        for name, weight in moved.items():
            assert weight.grad is not None
            expected[name] -= weight.grad * weight.detach()
        optimizer.step()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value.detach())


def test_a_weight_that_grows_scores_above_zero() -> None:
    model = smooth()
    one = Movement(lr=1e-3, steps=1, batch=40).scores(weights(model), probe(model))
    ahead = {name: weight.detach().clone() for name, weight in weights(model).items()}
    plain = model.copy().eval()
    batch = Feed(Toy().splits().train, 40, seed=0, device=torch.device("cpu"), drop_last=True).batch_at(0)
    F.cross_entropy(plain(batch.x), batch.targets).backward()  # type: ignore[no-untyped-call]
    for name, weight in weights(plain).items():
        assert weight.grad is not None
        grows = (ahead[name] - weight.grad).abs() > ahead[name].abs()
        small = weight.grad.abs() < ahead[name].abs()
        assert torch.equal(grows[small], (one[name] > 0)[small])


def test_zeros_do_not_move() -> None:
    model = smooth()
    given = {name: weight.detach().clone() for name, weight in weights(model).items()}
    given["0.weight"][0] = 0
    found = Movement(lr=0.5, steps=5, batch=8).scores(given, probe(model))
    assert float(found["0.weight"][0].abs().max()) == 0
    assert float(found["0.weight"][1].abs().min()) > 0
