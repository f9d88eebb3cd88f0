"""Checkpoints of fast adversarial training and of randomized smoothing answer here as their own nets do."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.models.checkpoints import MEAN, robustness, save
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.errors import ModelError
from tombola.models.digest import weights_digest
from tombola.models.kinds import torchvision
from tombola.models.normalisers import NORMALISERS
from tombola.models.own_names import OWN
from tombola.models.own_nets import own_net
from tombola.models.seeded import seeded
from tombola.models.source import Source


def _conv(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)


class SmoothedBlock(nn.Module):
    """A basic block that calls its shortcut ``downsample``."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = _conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = _conv(outputs, outputs, 3), nn.BatchNorm2d(outputs)
        self.downsample = (
            nn.Sequential(_conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)) if stride > 1 else None
        )

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


class SmoothedNet(nn.Module):
    """A CIFAR ResNet that calls its head ``fc``."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = _conv(3, 16, 3), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(SmoothedBlock(16, 16, 1) for _ in range(blocks)))
        self.layer2 = nn.Sequential(SmoothedBlock(16, 32, 2), *(SmoothedBlock(32, 32, 1) for _ in range(blocks - 1)))
        self.layer3 = nn.Sequential(SmoothedBlock(32, 64, 2), *(SmoothedBlock(64, 64, 1) for _ in range(blocks - 1)))
        self.fc = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        out: Tensor = self.fc(F.avg_pool2d(x, 8).flatten(1))
        return out


class NormalizeLayer(nn.Module):
    """Its numbers are no buffers, so a state dict has none of them."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.means, self.sds = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in (mean, std))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.means) / self.sds


class PreActBlock(nn.Module):
    """A block of the net of fast adversarial training."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), _conv(inputs, outputs, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), _conv(outputs, outputs, 3)
        if stride > 1:
            self.shortcut = nn.Sequential(_conv(inputs, outputs, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        across = self.shortcut(x) if "shortcut" in self._modules else x
        out: Tensor = self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))
        return out + across


class PreActNet(nn.Module):
    """The net of fast adversarial training, with the last batch norm or, as first published, without."""

    def __init__(self, *, last: bool) -> None:
        super().__init__()
        self.conv1 = _conv(3, 64, 3)
        widths = (64, 64, 128, 256, 512)
        for place, (inputs, outputs) in enumerate(pairwise(widths), 1):
            stage = nn.Sequential(PreActBlock(inputs, outputs, min(place, 2)), PreActBlock(outputs, outputs, 1))
            self.add_module(f"layer{place}", stage)
        if last:
            self.bn = nn.BatchNorm2d(512)
        self.linear = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        for place in range(1, 5):
            x = self.get_submodule(f"layer{place}")(x)
        x = F.relu(self.bn(x)) if "bn" in self._modules else x
        out: Tensor = self.linear(F.avg_pool2d(x, 4).flatten(1))
        return out


def _lived_in(net: nn.Module) -> nn.Module:
    """Batch norm statistics that matter, then eval mode."""
    with seeded(9), torch.no_grad():
        for _ in range(2):
            net.train()(torch.rand(4, 3, 32, 32))
    return net.eval()


def _smoothing(net: nn.Module, arch: str) -> dict[str, Any]:
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    return {"epoch": 90, "arch": arch, "state_dict": net.state_dict(), "optimizer": optimizer.state_dict()}


def _agree(source: Source, theirs: nn.Module) -> None:
    x = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.allclose(source.load()(x), theirs(x), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("arch", "blocks"), [("resnet20b", 3), ("resnet110b", 18)])
def test_a_smoothed_cifar_resnet_answers_as_its_own_net_does(tmp_path: Path, arch: str, blocks: int) -> None:
    with seeded(0):
        theirs = _lived_in(nn.Sequential(NormalizeLayer(*NORMALISERS["cifar10_smoothing"]), SmoothedNet(blocks)))
    file = save(_smoothing(theirs, f"cifar_{arch[:-1]}"), tmp_path / "checkpoint.pth.tar")
    source = Source(name=f"path:{file}", arch=arch)
    _agree(source, theirs)
    given = source.replace(normalise="imagenet").load().pixels.std.flatten().tolist()
    assert given == pytest.approx(NORMALISERS["imagenet"][1])


def test_shortcuts_of_the_other_option_do_not_fit(tmp_path: Path) -> None:
    file = save(_smoothing(nn.Sequential(nn.Identity(), SmoothedNet(3)), "cifar_resnet20"), tmp_path / "c.pth.tar")
    with pytest.raises(ModelError, match=r"in the file but not in the model: layer2\.0\.shortcut"):
        Source(name=f"path:{file}", arch="resnet20").load()


def test_a_smoothed_imagenet_net_in_parallel_answers_as_its_own_net_does(tmp_path: Path) -> None:
    with seeded(0):
        body, _, _ = torchvision.classifier("resnet18", 1000)
    theirs = nn.Sequential(NormalizeLayer(*NORMALISERS["imagenet"]), nn.DataParallel(body)).eval()
    file = save(_smoothing(theirs, "resnet50"), tmp_path / "checkpoint.pth.tar")
    _agree(Source(name=f"path:{file}", arch="torchvision:resnet18"), nn.Sequential(theirs[0], body))


@pytest.mark.parametrize(("arch", "last"), [("preactresnet18", True), ("preactresnet18_plain", False)])
def test_a_fast_preact_resnet_answers_as_its_own_net_does(tmp_path: Path, arch: str, *, last: bool) -> None:
    with seeded(0):
        theirs = _lived_in(PreActNet(last=last))
    file = save(nn.DataParallel(theirs).state_dict(), tmp_path / "model.pth")
    source = Source(name=f"path:{file}", arch=arch)
    _agree(source, nn.Sequential(NormalizeLayer(*NORMALISERS["cifar10"]), theirs))
    other = next(name for name in ("preactresnet18", "preactresnet18_plain") if name != arch)
    with pytest.raises(
        ModelError, match=r"(in the model but not in the file|in the file but not in the model): .*bn\."
    ):
        source.replace(arch=other).load()


def test_half_precision_weights_become_float32(tmp_path: Path) -> None:
    net = own_net("preactresnet18", num_classes=10, width=0.25, generator=torch.Generator().manual_seed(0)).half()
    file = save(net.state_dict(), tmp_path / "model.pth")
    network = Source(name=f"path:{file}", arch="preactresnet18", width=0.25).load()
    assert network.body.get_parameter("conv1.weight").dtype == torch.float32
    assert torch.equal(network.body.get_parameter("conv1.weight"), net.get_parameter("conv1.weight").float())


def test_a_fast_imagenet_checkpoint_with_a_score_of_numpy_loads(tmp_path: Path) -> None:
    with seeded(0):
        body, _, _ = torchvision.classifier("resnet18", 1000)
    content = {"epoch": 15, "arch": "resnet50", "state_dict": nn.DataParallel(body).state_dict()}
    content |= {"best_prec1": np.float64(60.9), "optimizer": torch.optim.SGD(body.parameters(), lr=0.1).state_dict()}
    for old in (True, False):
        file = save(content, tmp_path / "model_best.pth.tar", old=old)
        assert weights_digest(Source(name=f"path:{file}", arch="torchvision:resnet18").load().body) == weights_digest(
            body
        )


def test_a_file_of_the_robustness_library_loads_by_its_path(tmp_path: Path) -> None:
    with seeded(0):
        body, _, _ = torchvision.classifier("squeezenet1_1", 30)
    file = save(robustness(body, dummy=True), tmp_path / "cifar_l2_0_5.pt")
    network = Source(name=f"path:{file}", arch="torchvision:squeezenet1_1").load()
    assert weights_digest(network.body) == weights_digest(body)
    assert network.pixels.mean.flatten().tolist() == pytest.approx(MEAN)


@pytest.mark.parametrize("name", OWN)
def test_every_net_of_ours_takes_a_width_and_any_number_of_classes(name: str) -> None:
    network = Source(name=name, width=0.25).load(num_classes=3)
    assert network(torch.rand(2, 3, 32, 32)).shape == (2, 3)
    assert network.features(torch.rand(2, 3, 32, 32)).ndim == 2
    assert network.origin.net == {"name": name, "width": 0.25}
