"""A small smooth network and its probe, for the tests of scores."""

import torch
from tests.fitting.toys import SIZE, Toy
from torch import Tensor, nn

from tombola.batch import to_float
from tombola.fitting.probe import NetworkProbe
from tombola.models.network import Network

ALL = 40
"""The toy task's training images: a batch of all of them is the same in any order."""


def smooth() -> Network:
    """In double precision, with batch norm whose statistics are not those of any batch; 60 weights in two layers."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = nn.Sequential(
            nn.Conv2d(3, 2, 3, stride=2), nn.BatchNorm2d(2), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(2, 3),
        )  # fmt: skip
        norm = body[1]
        assert isinstance(norm, nn.BatchNorm2d)
        nn.init.normal_(norm.running_mean, 0.0, 0.2)  # type: ignore[arg-type]  # it has one
        nn.init.uniform_(norm.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    return Network(body, source="toy").double()


NAMES = ("0.weight", "5.weight")


def weights(model: Network) -> dict[str, Tensor]:
    """Both layers' weights: the parameters themselves."""
    return {name: model.get_parameter(f"body.{name}") for name in NAMES}


def probe(model: Network, seed: int = 0) -> NetworkProbe:
    """The toy task's probe."""
    return NetworkProbe(model, Toy(), seed=seed, device="cpu", image=SIZE)


def everything() -> tuple[Tensor, Tensor]:
    """All training images and labels."""
    images = Toy().splits().train
    return to_float(images.pixels_at(torch.arange(ALL))), images.labels
