"""The CIFAR ResNets: the published sizes, shortcuts without weights, seeded initial values."""

import pytest
import torch
from torch import Tensor, nn

from tombola.errors import UnknownName
from tombola.models.own_names import BLOCKS_PER_STAGE
from tombola.models.resnet_cifar import Subsample, resnet_cifar


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


PLAIN = {"resnet8": 75_290, "resnet20": 269_722, "resnet32": 464_154, "resnet56": 853_018}


@pytest.mark.parametrize(("name", "weights"), [*PLAIN.items(), ("resnet110", 1_727_962)])
def test_the_number_of_weights_is_the_published_one(name: str, weights: int) -> None:
    net = resnet_cifar(name, generator=_generator())
    assert sum(tensor.numel() for tensor in net.parameters()) == weights
    convs = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    assert len(convs) + 1 == int(name.removeprefix("resnet"))  # the depth in the name counts the linear layer too


@pytest.mark.parametrize("size", [(16, 16), (32, 32), (33, 17), (5, 4)])
def test_any_image_size_works(size: tuple[int, int]) -> None:
    net = resnet_cifar("resnet8", num_classes=7, generator=_generator()).eval()
    assert net(torch.rand(2, 3, *size)).shape == (2, 7)


def test_the_shortcut_takes_every_second_pixel_and_pads_channels_with_zeros() -> None:
    x = torch.arange(2 * 4 * 4, dtype=torch.float32).view(1, 2, 4, 4)
    out: Tensor = Subsample(2, 2)(x)
    assert out.shape == (1, 4, 2, 2)
    assert torch.equal(out[:, 1:3], x[:, :, ::2, ::2])
    assert out[:, 0].abs().sum() == out[:, 3].abs().sum() == 0


def test_the_shortcut_keeps_channels_last() -> None:
    x = torch.rand(2, 16, 8, 8).to(memory_format=torch.channels_last)
    assert Subsample(2, 16)(x).is_contiguous(memory_format=torch.channels_last)


def test_shortcuts_of_option_b_are_convolutions_with_batch_norm() -> None:
    nets = {name: resnet_cifar(name, generator=_generator()) for name in ("resnet20", "resnet20b")}
    sizes = {name: sum(tensor.numel() for tensor in net.parameters()) for name, net in nets.items()}
    assert sizes["resnet20b"] - sizes["resnet20"] == (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)
    shortcut = nets["resnet20b"].get_submodule("layer2.0.shortcut")
    assert [type(layer).__name__ for layer in shortcut.children()] == ["Conv2d", "BatchNorm2d"]
    assert nets["resnet20b"].eval()(torch.rand(2, 3, 32, 32)).shape == (2, 10)


def test_width_multiplies_every_stage() -> None:
    net = resnet_cifar("resnet8", width=0.5, generator=_generator())
    stages = (net.conv1, net.layer2.get_submodule("0.conv1"), net.layer3.get_submodule("0.conv1"))
    assert [conv.weight.shape[0] for conv in stages if isinstance(conv, nn.Conv2d)] == [8, 16, 32]


def test_convolutions_start_he_normal_and_batch_norm_at_one() -> None:
    net = resnet_cifar("resnet20", generator=_generator())
    weight = net.get_parameter("layer3.1.conv1.weight")
    assert weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert torch.equal(net.bn1.weight, torch.ones(16))
    assert torch.equal(net.get_buffer("layer3.2.bn2.running_var"), torch.ones(64))


def test_the_seed_decides_the_weights_and_the_global_generator_stays() -> None:
    before = torch.get_rng_state()
    one, same, other = (resnet_cifar("resnet8", generator=_generator(seed)).state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["conv1.weight"], other["conv1.weight"])


def test_an_unknown_net_is_named_with_its_neighbours() -> None:
    with pytest.raises(UnknownName, match=r"did you mean .*'resnet20'"):
        resnet_cifar("resnet2", generator=_generator())
    assert set(BLOCKS_PER_STAGE) == {*PLAIN, "resnet110", "resnet20b", "resnet110b"}
