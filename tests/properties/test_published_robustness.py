"""Published CIFAR-10 weights have the robustness others measured: a natural net hardly any, a robust one most."""

import io
import os
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from tombola.attacks.pgd import PGD
from tombola.data._base import InMemory, Splits
from tombola.fitting.session import Session
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.properties.adversarial_accuracy import AdversarialAccuracy

from .toy_task import ToyTask

DATA = Path(os.environ.get("TOMBOLA_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here"),
]

PGD_20 = PGD(eps=2 / 255, steps=20, step=0.5 / 255)


class Cifar(ToyTask):
    """The first 1,000 test images of CIFAR-10 as packed."""

    def splits(self) -> Splits:
        return _cifar()


@lru_cache
def _cifar() -> Splits:
    pack = np.load(DATA / "cifar10" / "cifar10_test.npz")
    data, ends = pack["sheets"], pack["sheet_offsets"][:11]
    sheets = [np.asarray(Image.open(io.BytesIO(data[a:b].tobytes()))) for a, b in pairwise(ends)]
    pixels = torch.from_numpy(np.concatenate([sheet.reshape(-1, 32, 32, 3) for sheet in sheets]))
    labels = torch.from_numpy(pack["labels"][:1000].astype(np.int64))
    images = InMemory(pixels.permute(0, 3, 1, 2).contiguous(), labels, tuple(map(str, range(10))))
    return Splits(images, images, images)


class PlainBlock(nn.Module):
    """Two 3x3 convolutions with biases and a 1x1 shortcut where the stride is 2."""

    def __init__(self, inputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, 16, 3, stride, 1)
        self.conv2 = nn.Conv2d(16, 16, 3, 1, 1)
        self.shortcut = nn.Sequential(*([nn.Conv2d(inputs, 16, 1, stride)] if stride > 1 else []))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.shortcut(x))


class ResNet2B(nn.Module):
    """Five convolutions and two linear layers, no batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, 2, 1)
        self.layer1 = nn.Sequential(PlainBlock(8, 2), PlainBlock(16, 1))
        self.linear1 = nn.Linear(1024, 100)
        self.linear2 = nn.Linear(100, 10)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear2(F.relu(self.linear1(self.layer1(F.relu(self.conv1(x))).flatten(1))))
        return out


def test_a_natural_resnet_20_keeps_next_to_nothing() -> None:
    file = DATA / "weights" / "cifar10_resnet20_natural.npz"
    network = Source(name=f"path:{file}", arch="resnet20", normalise="imagenet").load()
    found = AdversarialAccuracy(attack=PGD_20, samples=1000, batch=250)
    robust, clean = found.measure(network, Cifar(), seed=0, session=Session())
    assert clean.value > 90
    assert robust.value == pytest.approx(1.6, abs=0.5)


def test_an_adversarially_trained_net_keeps_most() -> None:
    weights = np.load(DATA / "weights" / "cifar10_resnet2b_adv2.npz")
    body = ResNet2B()
    body.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights.files})
    normalise = Normalise((0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616))
    network = Network(body, normalise, source="resnet2b")
    found = AdversarialAccuracy(attack=PGD_20, samples=1000, batch=250)
    robust, _clean = found.measure(network, Cifar(), seed=0, session=Session())
    assert robust.value == pytest.approx(55.7, abs=0.5)
