"""SNIP and Taylor against loops over the images, written from the definitions."""

import torch
from tests.fitting.toys import Toy
from tests.masks.scores.nets import ALL, everything, probe, smooth, weights
from torch import Tensor
from torch.nn import functional as F

from tombola.fitting.feed import Feed
from tombola.fitting.seeds import derive
from tombola.masks.scores.snip import SNIP
from tombola.masks.scores.taylor import Taylor
from tombola.models.network import Network


def gradient(model: Network, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Of the mean loss, by one backward pass for each image."""
    plain = model.copy().eval()
    for image, label in zip(x, labels, strict=True):
        (F.cross_entropy(plain(image[None]), label[None]) / len(x)).backward()  # type: ignore[no-untyped-call]
    found = {name: weight.grad for name, weight in weights(plain).items()}
    return {name: grad for name, grad in found.items() if grad is not None}


def batches(batch: int, count: int) -> list[tuple[Tensor, Tensor]]:
    feed = Feed(Toy().splits().train, batch, seed=derive(0, "score"), device=torch.device("cpu"), drop_last=True)
    return [(batch.x, batch.targets) for batch in map(feed.batch_at, range(count))]


def test_snip_is_the_magnitude_of_weight_times_mean_gradient() -> None:
    model = smooth()
    found = SNIP(batch=ALL).scores(weights(model), probe(model))
    expected = gradient(model, *everything())
    for name, weight in weights(model).items():
        torch.testing.assert_close(found[name], (weight * expected[name]).abs().detach())


def test_snip_averages_gradients_before_it_takes_magnitudes() -> None:
    model = smooth()
    found = SNIP(batch=10, batches=4).scores(weights(model), probe(model))  # the four batches are all images
    for name, whole in SNIP(batch=ALL).scores(weights(model), probe(model)).items():
        torch.testing.assert_close(found[name], whole)


def test_taylor_averages_squares() -> None:
    model = smooth()
    found = Taylor(batch=8, batches=3).scores(weights(model), probe(model))
    parts = [gradient(model, *drawn) for drawn in batches(8, 3)]
    for name, weight in weights(model).items():
        expected = sum((part[name] * weight.detach()).square() for part in parts) / 3
        torch.testing.assert_close(found[name], expected)
    with_cancelling = SNIP(batch=8, batches=3).scores(weights(model), probe(model))
    assert any(bool((found[name] > with_cancelling[name].square() * 1.01).any()) for name in found)
