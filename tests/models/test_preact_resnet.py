"""The pre-activation ResNet-18: its published size, and seeded initial values."""

import torch

from tombola.models.preact_resnet import preact_resnet


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_number_of_weights_is_that_of_the_published_net() -> None:
    sizes = [
        sum(tensor.numel() for tensor in preact_resnet(name, generator=_generator()).parameters())
        for name in ("preactresnet18_plain", "preactresnet18")
    ]
    assert sizes == [11_171_146, 11_172_170]


def test_any_image_size_works_and_maps_are_averaged() -> None:
    net = preact_resnet("preactresnet18", num_classes=7, width=0.125, generator=_generator()).eval()
    x = torch.rand(2, 3, 40, 24)
    with torch.no_grad():
        maps = net.forward_features(x)
        assert maps.shape == (2, 64, 5, 3)
        assert torch.equal(net(x), net.linear(maps.mean((2, 3))))
        assert float(maps.min()) >= 0


def test_the_seed_decides_the_weights_and_the_global_generator_stays() -> None:
    before = torch.get_rng_state()
    one, same, other = (
        preact_resnet("preactresnet18", width=0.125, generator=_generator(seed)).state_dict() for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["conv1.weight"], other["conv1.weight"])
