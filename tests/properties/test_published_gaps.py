"""A published CIFAR-10 net sees related sets nearer than others, and noise it never saw certifies little."""

import os
from functools import lru_cache
from pathlib import Path

import pytest

from tombola.data._base import Dataset, Splits, loaded_images
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.properties._base import Measurement, Property

from .toy_task import ToyTask

DATA = Path(os.environ.get("TOMBOLA_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here"),
]


class Cifar(ToyTask):
    """CIFAR-10's test images, split anew."""

    def splits(self) -> Splits:
        return loaded_images(Dataset.parse(f"pack:{DATA / 'cifar10' / 'cifar10_test.npz'}"))


@lru_cache
def resnet20() -> Network:
    """akamaster's, 91.7 % right."""
    file = DATA / "weights" / "cifar10_resnet20_natural.npz"
    return Source(name=f"path:{file}", arch="resnet20", normalise="imagenet").load()


def measured(**options: object) -> list[Measurement]:
    """The measurements."""
    return Property.parse(options).measure(resnet20(), Cifar(), seed=0, session=Session())


def gap(pack: str) -> float:
    """From 600 of CIFAR-10's images to 600 of another set."""
    options = {"other": f"pack:{DATA / pack}", "samples": 600, "other_samples": 600, "subset_seed": 1}
    return measured(name="frechet_distance", **options)[0].value


def test_cifar_100_is_nearer_than_textures_and_those_than_clothes() -> None:
    found = [gap("cifar10/cifar10_test.npz"), gap("cifar100/cifar100_test.npz"), gap("dtd10/dtd10_112.npz")]
    found.append(gap("fashion_mnist/fashion_mnist_test.npz"))
    assert found[0] == pytest.approx(0, abs=1e-9)
    assert found == sorted(found)
    assert found[1] < 0.7 * found[2]


def test_a_natural_net_is_certified_at_small_noise_only() -> None:
    few = {"n": 200, "num_samples": 40, "radii": [0.0, 0.05]}
    small = measured(name="certified_accuracy", sigma=0.02, **few)
    large = measured(name="certified_accuracy", sigma=0.25, **few)
    assert small[0].value > 60
    assert small[1].value == 0, "beyond the ceiling of 0.037"
    assert large[0].value < 30
