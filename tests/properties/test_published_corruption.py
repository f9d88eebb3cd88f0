"""A published ResNet-20 on corrupted CIFAR-10: noise ruins it, brightness does not, errors grow with severity."""

import os
from pathlib import Path

import pytest

from tombola.data.corruptions._base import FIFTEEN, SEVERITIES
from tombola.fitting.session import Session
from tombola.models.source import Source
from tombola.properties.corruption_error import CorruptionError

from .test_published_robustness import Cifar

DATA = Path(os.environ.get("TOMBOLA_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here"),
]


def test_errors_grow_with_severity_and_noise_is_worse_than_light() -> None:
    file = DATA / "weights" / "cifar10_resnet20_natural.npz"
    network = Source(name=f"path:{file}", arch="resnet20", normalise="imagenet").load()
    found = CorruptionError(samples=400).measure(network, Cifar(), seed=0, session=Session())
    errors = {item.metric: item.value for item in found}
    by_severity = [errors[f"severity_{severity}_error"] for severity in SEVERITIES]
    assert by_severity == sorted(by_severity)
    assert by_severity[4] > 2 * by_severity[0]
    assert 5 < errors["clean_error"] < 12
    assert 25 < errors["corruption_error"] < 38
    assert errors["brightness_error"] == min(errors[f"{name}_error"] for name in FIFTEEN)
    assert min(errors[f"{name}_error"] for name in ("gaussian_noise", "glass_blur")) > 45
    assert all(errors[f"{name}_error"] > errors["clean_error"] for name in FIFTEEN)


@pytest.mark.parametrize("name", sorted(set(FIFTEEN) - {"glass_blur", "snow"}))
def test_the_hardest_severity_costs_more_than_the_mildest(name: str) -> None:
    file = DATA / "weights" / "cifar10_resnet20_natural.npz"
    network = Source(name=f"path:{file}", arch="resnet20", normalise="imagenet").load()
    asked = CorruptionError(corruptions=[name], severities=(1, 5), samples=400)
    errors = {item.metric: item.value for item in asked.measure(network, Cifar(), seed=0, session=Session())}
    assert errors["severity_5_error"] > errors["severity_1_error"] + 2
