"""A published CIFAR-10 net knows its own images from CIFAR-100's and textures as such nets do, and is too sure."""

import os
from functools import lru_cache
from pathlib import Path

import pytest

from tombola.data._base import Dataset, Images, Splits, loaded_images, stratified
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.properties._base import Property

from .toy_task import ToyTask

DATA = Path(os.environ.get("TOMBOLA_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here"),
]


class Cifar(ToyTask):
    """CIFAR-10's test images: 1,500 to measure on, 1,500 others as validation and as training split."""

    def splits(self) -> Splits:
        return _cifar()


@lru_cache
def _cifar() -> Splits:
    splits = loaded_images(Dataset.parse(f"pack:{DATA / 'cifar10' / 'cifar10_test.npz'}"))
    train, test = (_some(images) for images in (splits.train, splits.test))
    return Splits(train, train, test)


def _some(images: Images) -> Images:
    return stratified(images, 1500, 0)


@lru_cache
def resnet20() -> Network:
    """akamaster's, 91.7 % right."""
    file = DATA / "weights" / "cifar10_resnet20_natural.npz"
    return Source(name=f"path:{file}", arch="resnet20", normalise="imagenet").load()


def measured(**options: object) -> dict[str, float]:
    """Values by metric."""
    found = Property.parse(options).measure(resnet20(), Cifar(), seed=0, session=Session())
    return {m.metric: m.value for m in found}


@pytest.mark.parametrize("score", ["msp", "energy", "knn"])
def test_cifar_100_is_told_as_published_nets_tell_it(score: str) -> None:
    found = measured(name="ood_auroc", out=f"pack:{DATA / 'cifar100' / 'cifar100_test.npz'}", score=score)
    assert 80 < found["ood_auroc"] < 92, "between what small and large nets of the literature reach"
    assert found["fpr_id_at_95tpr_ood"] < found["fpr_ood_at_95tpr_id"] < 90, "the two conventions are far apart"


def test_the_net_is_too_sure_and_a_temperature_mends_it() -> None:
    found = measured(name="calibration_error")
    assert found["accuracy"] == pytest.approx(91.7, abs=1.5)
    assert 3 < found["calibration_error"] < 8
    assert 1.5 < found["temperature"] < 3
    assert found["scaled_error"] < found["calibration_error"] - 1
    assert found["scaled_nll"] < found["nll"]
