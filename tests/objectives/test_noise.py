"""Noise training: the mean loss on x + sigma * N(0, I), with nothing clipped."""

import pytest
import torch
from tests.objectives.toys import batch, cross_entropy, loss_of, rng, same_gradients, small_net
from torch import Tensor, nn

from tombola.errors import OptionError, RequestError
from tombola.objectives.noise import Noise
from tombola.spec import build


class Seen(nn.Module):
    """Keeps the images it is given."""

    def forward(self, x: Tensor) -> Tensor:
        self.images = x
        return x.mean(dim=(2, 3))


def test_loss_and_gradients_are_those_on_images_with_the_generators_noise() -> None:
    x, targets = batch()
    net, twin = small_net(), small_net()
    loss, _ = loss_of(Noise(sigma=0.5), net, x, targets, generator=rng())
    expected = cross_entropy(twin(x + 0.5 * torch.randn(x.shape, generator=rng())), targets).mean()
    torch.autograd.backward([loss, expected])
    assert torch.allclose(loss, expected)
    assert same_gradients(net, twin)


def test_the_noise_has_the_deviation_asked_for_and_is_not_clipped() -> None:
    seen, x = Seen(), torch.zeros(64, 3, 16, 16)
    loss_of(Noise(sigma=0.25), seen, x, torch.zeros(64, dtype=torch.long), generator=rng())
    assert float(seen.images.std()) == pytest.approx(0.25, rel=0.01)
    assert float(seen.images.mean()) == pytest.approx(0, abs=0.005)
    assert float(seen.images.min()) < -0.8


def test_a_deviation_meant_in_255_is_refused_and_ratios_are_read() -> None:
    assert build(Noise, {"sigma": "64/255"}).sigma == 64 / 255
    with pytest.raises(OptionError, match="write '64/255'"):
        build(Noise, {"sigma": 64})
    with pytest.raises(RequestError, match="greater than or equal to 0"):
        build(Noise, {"sigma": -1})
