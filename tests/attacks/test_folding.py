"""Folded batch norm: the same function, only where it is safe, and the model's own tensors back after."""

import pytest
import torch
from torch import Tensor, nn

from tombola.attacks._folding import folded, pairs
from tombola.attacks.pgd import PGD

from .toys import cross_entropy, generator, toy_batch, toy_net


class Twice(nn.Module):
    """The convolution's output is read by its batch norm, and by a sum too when ``both``."""

    def __init__(self, *, both: bool, stop: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.both = both
        self.stop = stop
        self.seen: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        self.seen = x
        if self.stop and x.sum() > 0:
            x = -x
        out: Tensor = self.norm(x)
        return out + x if self.both else out


def test_pairs_are_found_and_give_the_same_outputs() -> None:
    net = toy_net()
    x, _ = toy_batch()
    assert pairs(net) == [("0", "1"), ("3", "4")]
    plain = net(x)
    with folded(net):
        assert torch.equal(net[1](x[:, :1].expand(-1, 6, -1, -1)), x[:, :1].expand(-1, 6, -1, -1))
        quick = net(x)
    assert torch.allclose(plain, quick, atol=1e-5)


def test_the_models_own_tensors_come_back_also_after_an_error() -> None:
    net = toy_net()
    before = {name: (id(tensor), tensor.clone()) for name, tensor in net.named_parameters()}
    plain = net(toy_batch()[0])
    with pytest.raises(KeyError), folded(net):
        raise KeyError
    after = dict(net.named_parameters())
    assert {name: id(tensor) for name, tensor in after.items()} == {name: own for name, (own, _) in before.items()}
    assert all(torch.equal(after[name], value) for name, (_, value) in before.items())
    assert torch.equal(net(toy_batch()[0]), plain)


def test_an_output_somebody_else_reads_is_not_folded() -> None:
    assert pairs(Twice(both=False).eval()) == [("conv", "norm")]
    assert pairs(Twice(both=True).eval()) == []


def test_a_model_that_cannot_be_traced_is_left_alone() -> None:
    net = Twice(both=False, stop=True).eval()
    assert pairs(net) == []
    assert net.seen is None  # tracing ran on a copy


def test_hooked_and_training_layers_are_not_folded() -> None:
    net = toy_net()
    seen: list[Tensor] = []
    net[1].register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    net[4].train()
    x, _ = toy_batch()
    with folded(net):
        net(x)
        folded_output = seen[-1]
        assert net.get_parameter("3.bias").requires_grad
    net(x)
    assert torch.equal(folded_output, seen[-1])


def test_a_changed_layer_is_seen() -> None:
    net = toy_net()
    assert len(pairs(net)) == 2
    net[1] = nn.Identity()
    assert pairs(net) == [("3", "4")]


def test_weights_are_folded_anew_for_every_attack() -> None:
    net = toy_net()
    x, targets = toy_batch()
    attack = PGD(eps=0.05, random_start=False, steps=3)
    first = attack.perturb(net, x, targets, cross_entropy, bounds=(0, 1), generator=generator())
    with torch.no_grad():
        net.get_parameter("1.weight").neg_()
    second = attack.perturb(net, x, targets, cross_entropy, bounds=(0, 1), generator=generator())
    assert not torch.equal(first, second)
    hooked = [net[index].register_forward_hook(lambda *_: None) for index in (0, 1, 3, 4)]
    plain = attack.perturb(net, x, targets, cross_entropy, bounds=(0, 1), generator=generator())
    assert len(hooked) == 4
    assert (plain - second).abs().mean() < 1e-3
