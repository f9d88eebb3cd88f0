"""AutoAttack and its authors' package tell the same images broken, on published weights."""

import warnings

import numpy as np
import pytest
import torch
from tests.properties.test_published_robustness import DATA, Cifar, ResNet2B
from torch import Tensor, nn

from tombola.attacks.autoattack import AutoAttack
from tombola.batch import to_float
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network
from tombola.models.source import Source

from .toys import cross_entropy, generator

pyautoattack = pytest.importorskip("pyautoattack")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.realdata,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not DATA.is_dir(), reason="the real data is not here"),
]

IMAGES = 40


def natural() -> Network:
    file = DATA / "weights" / "cifar10_resnet20_natural.npz"
    return Source(name=f"path:{file}", arch="resnet20", normalise="imagenet").load().eval()


def robust() -> Network:
    weights, body = np.load(DATA / "weights" / "cifar10_resnet2b_adv2.npz"), ResNet2B()
    body.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights.files})
    normalise = Normalise((0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616))
    return Network(body, normalise, source="resnet2b").eval()


def right(net: nn.Module, x: Tensor, targets: Tensor) -> Tensor:
    with torch.no_grad():
        return net(x).argmax(1) == targets  # type: ignore[no-any-return]  # a module's outputs are Any


@pytest.mark.parametrize(
    ("make", "norm", "eps"),
    [(robust, "linf", 2 / 255), (robust, "l2", 0.25), (natural, "linf", 2 / 255)],
    ids=["robust, linf", "robust, l2", "natural, linf"],
)
def test_the_same_images_stand(make: object, norm: str, eps: float) -> None:
    assert callable(make)
    net, images = make(), Cifar().splits().test
    x, targets = to_float(images.pixels_at(torch.arange(IMAGES))).contiguous(), images.labels[:IMAGES]
    member = AutoAttack.parse({"name": "autoattack", "norm": norm, "eps": eps})
    found = member.perturb(net, x, targets, cross_entropy, bounds=(0, 1), generator=generator())
    named = {"linf": "Linf", "l2": "L2"}[norm]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the package itself
        theirs, *_ = pyautoattack.AutoAttack(net, norm=named, eps=eps, seed=0).run_standard_evaluation(x, targets)
    differ = right(net, found, targets) != right(net, theirs, targets)
    assert int(differ.sum()) <= 1  # one image near its boundary may fall by chance
