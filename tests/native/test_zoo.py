"""Known architectures with random weights and tickets answer as in torch, at reduced image sizes."""

import sys
from pathlib import Path
from typing import get_args

import pytest
import torch
from tests.native.programs import difference
from torch import nn

from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.native.folder import Values, write_folder
from tombola.native.loading import load

OWN = ["resnet8", "resnet20", "resnet56", "resnet110b", "preactresnet18", "preactresnet18_plain"]
OTHERS = [
    "torchvision:resnet18",
    "torchvision:resnet34",
    "torchvision:resnet50",
    "torchvision:vgg16_bn",
    "torchvision:mobilenet_v2",
    "torchvision:mobilenet_v3_small",
    "torchvision:mobilenet_v3_large",
    "torchvision:densenet121",
    "torchvision:googlenet",
    "timm:tf_efficientnet_lite0",
    "torchvision:shufflenet_v2_x1_0",
    "timm:convnext_atto",
]
TRANSFORMERS = ["timm:vit_tiny_patch16_224", "timm:mixer_s32_224", "torchvision:swin_t"]


def network(name: str, sparsity: float) -> Network:
    """With statistics that are not those of a fresh batch norm, and weights pruned at random."""
    made = Source.parse(name).load(seed=0).eval()
    generator = torch.Generator().manual_seed(1)
    for module in made.body.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None and module.running_var is not None:
            module.running_mean.data.uniform_(-0.2, 0.2, generator=generator)
            module.running_var.data.uniform_(0.6, 1.6, generator=generator)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.data *= torch.rand(module.weight.shape, generator=generator) >= sparsity
    return made


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", OWN + OTHERS + TRANSFORMERS)
def test_logits_are_torchs(name: str, tmp_path: Path) -> None:
    made = network(name, 0.7)
    side = 32 if name in OWN else 224 if name in TRANSFORMERS else 65
    x = torch.rand(3, 3, side, side, generator=torch.Generator().manual_seed(2))
    write_folder(made, (3, side, side), tmp_path / "net")
    with load(tmp_path / "net", threads=2, batch=3) as net, torch.no_grad():
        assert difference(net(x), made(x)) < 1e-4


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_resnet18_at_ninety_percent_is_as_large_as_its_survivors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = network("torchvision:resnet18", 0.9)
    stem = made.body.get_parameter("conv1.weight")
    stem.data.normal_(0, 0.1)  # it stays dense, as it does in a ticket that leaves the stem out
    convs = Masks.of({name: p for name, p in made.body.named_parameters() if p.ndim == 4 and name != "conv1.weight"})
    dense = 4 * (stem.numel() + sum(parameter.numel() for parameter in made.head.parameters()))
    sizes = {}
    for values in get_args(Values):
        out = tmp_path / values
        write_folder(made, (3, 224, 224), out, values=values)
        with load(out):
            library = next((out / "build").glob("*.so"))
        sizes[values] = (out / "net.dat").stat().st_size + library.stat().st_size
    lines = [
        f"{values}: {size:,} bytes, {(size - dense) / convs.kept:.2f} a survivor" for values, size in sizes.items()
    ]
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *lines, ""]))
    assert sizes["float32"] <= 1.15 * (4 + 2) * convs.kept + dense
    assert sizes["int8"] < sizes["float16"] < sizes["float32"]
