"""PGD: exact balls, exact semantics, and a linear model whose worst image is known in closed form."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tombola.attacks._base import Attack
from tombola.attacks.fgsm import FGSM
from tombola.attacks.pgd import PGD, pgd
from tombola.errors import RequestError

from .toys import cross_entropy, generator, toy_batch, toy_net

NET = toy_net()


def attack(net: nn.Module, x: Tensor, targets: Tensor, seed: int = 0, **options: Any) -> Tensor:
    return PGD(**options).perturb(net, x, targets, cross_entropy, bounds=(0, 1), generator=generator(seed))


def mean_loss(x: Tensor, targets: Tensor) -> float:
    return float(cross_entropy(NET(x), targets).mean().detach())


@settings(max_examples=30, deadline=None)
@given(
    norm=st.sampled_from(["linf", "l2"]),
    eps=st.floats(1e-6, 1),
    seed=st.integers(0, 99),
    random_start=st.booleans(),
    keep_best=st.booleans(),
)
def test_the_result_is_in_the_ball_and_in_bounds_exactly(
    norm: str, eps: float, seed: int, random_start: bool, keep_best: bool
) -> None:
    x, targets = toy_batch(seed=seed)
    x[0] = x[0].round()  # pixels on the bounds
    found = attack(NET, x, targets, norm=norm, eps=eps, steps=3, random_start=random_start, keep_best=keep_best)
    delta = found.double() - x.double()
    size = delta.abs().amax() if norm == "linf" else delta.flatten(1).norm(dim=1).amax()
    assert size <= eps
    assert 0 <= found.min() <= found.max() <= 1


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_eps_nought_gives_the_images(norm: str) -> None:
    x, targets = toy_batch()
    found = attack(NET, x, targets, norm=norm, eps=0)
    assert torch.equal(found, x)
    assert found.data_ptr() != x.data_ptr()


def test_the_worst_images_of_a_linear_model_are_found_in_one_step() -> None:
    last = nn.Linear(12, 2)
    net = nn.Sequential(nn.Flatten(), last)
    x = torch.rand(5, 3, 2, 2, generator=generator()) * 0.5 + 0.25
    targets = torch.tensor([0, 1, 0, 1, 1])
    gap = (last.weight[1] - last.weight[0]).detach().view(3, 2, 2)
    uphill = torch.where(targets == 0, 1.0, -1.0).view(-1, 1, 1, 1) * gap
    flat = attack(net, x, targets, eps=0.1, steps=1, step=0.1, random_start=False)
    assert torch.allclose(flat, x + 0.1 * uphill.sign())
    round_ = attack(net, x, targets, norm="l2", eps=0.1, steps=1, step=0.1, random_start=False)
    assert torch.allclose(round_, x + 0.1 * uphill / gap.norm(), atol=1e-6)
    # from any start, enough steps end in the same corner
    assert torch.allclose(attack(net, x, targets, eps=0.1, steps=10), flat)


def test_the_last_iterate_is_what_the_definition_gives() -> None:
    x, targets = toy_batch()
    current = x.clone()
    for _ in range(3):
        leaf = current.requires_grad_()
        (gradient,) = torch.autograd.grad(cross_entropy(NET(leaf), targets).mean(), leaf)
        moved = current.detach() + 0.02 * gradient.sign()
        current = (x + (moved - x).clamp(-0.05, 0.05)).clamp(0, 1)
    found = attack(NET, x, targets, eps=0.05, steps=3, step=0.02, random_start=False)
    assert torch.allclose(found, current, atol=1e-6)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_keep_best_is_never_below_the_clean_loss(norm: str) -> None:
    x, targets = toy_batch(32)
    found = attack(NET, x, targets, norm=norm, eps=0.5, steps=4, step=0.5, random_start=False, keep_best=True)
    assert bool((cross_entropy(NET(found), targets) >= cross_entropy(NET(x), targets) - 1e-6).all())


def test_the_loss_grows_with_eps() -> None:
    x, targets = toy_batch(32)
    losses = [mean_loss(attack(NET, x, targets, eps=eps, steps=4), targets) for eps in (0, 0.01, 0.03, 0.1, 0.3)]
    assert losses == sorted(losses)
    assert losses[-1] > losses[0] + 0.1


@pytest.mark.parametrize("keep_best", [False, True])
def test_more_restarts_never_lower_a_samples_loss(keep_best: bool) -> None:
    x, targets = toy_batch(32)
    losses = [
        cross_entropy(NET(attack(NET, x, targets, eps=0.1, steps=2, restarts=restarts, keep_best=keep_best)), targets)
        for restarts in (1, 2, 4)
    ]
    assert bool((losses[1] >= losses[0] - 1e-6).all())
    assert bool((losses[2] >= losses[1] - 1e-6).all())
    assert losses[2].sum() > losses[0].sum()


def test_each_sample_may_have_its_own_eps() -> None:
    x, targets = toy_batch(3)
    eps = torch.tensor([0.0, 0.05, 0.2])
    found = pgd(NET, x, targets, cross_entropy, eps=eps, steps=5, generator=generator())
    assert torch.equal(found[0], x[0])
    size = (found - x).flatten(1).abs().amax(1)
    assert bool((size <= eps).all())
    alone = pgd(NET, x[2:], targets[2:], cross_entropy, eps=0.2, steps=5, generator=generator(), random_start=False)
    together = pgd(NET, x, targets, cross_entropy, eps=eps, steps=5, generator=generator(), random_start=False)
    assert torch.allclose(together[2:], alone, atol=1e-6)


def test_fgsm_is_pgd_of_one_whole_step() -> None:
    x, targets = toy_batch()
    fgsm = FGSM(eps=0.1).perturb(NET, x, targets, cross_entropy, bounds=(0, 1), generator=generator())
    assert torch.equal(fgsm, attack(NET, x, targets, eps=0.1, steps=1, step=0.1, random_start=False))
    fast = FGSM(eps=0.1, random_start=True).perturb(
        NET, x, targets, cross_entropy, bounds=(0, 1), generator=generator()
    )
    assert torch.equal(fast, attack(NET, x, targets, eps=0.1, steps=1, step=0.125))


def test_the_model_comes_back_as_given_and_no_weight_gradient_is_made() -> None:
    net = toy_net().train()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    x, targets = toy_batch()
    with torch.no_grad():
        attack(net, x, targets, restarts=2)
    assert net.training
    assert net[1].training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in net.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


def test_train_mode_moves_the_running_statistics_once_a_step() -> None:
    net = toy_net().train()
    before = int(net.state_dict()["1.num_batches_tracked"])
    attack(net, *toy_batch(), bn="train", steps=4)
    assert int(net.state_dict()["1.num_batches_tracked"]) == before + 4


def test_a_model_that_raises_comes_back_as_given() -> None:
    net = toy_net().train()
    x, targets = toy_batch()
    with pytest.raises(RuntimeError):
        attack(net, x[:, :2], targets)
    assert net.training
    assert all(parameter.requires_grad for parameter in net.parameters())


def test_channels_last_gives_the_same_images_in_the_same_layout() -> None:
    x, targets = toy_batch()
    found = attack(NET, x.contiguous(memory_format=torch.channels_last), targets, eps=0.05)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert (found - attack(NET, x, targets, eps=0.05)).abs().mean() < 1e-3


def test_autocast_outside_leaves_the_images_exact() -> None:
    x, targets = toy_batch()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = attack(NET, x, targets, eps=0.05)
    assert found.dtype == torch.float32
    assert (found.double() - x.double()).abs().max() <= 0.05


def test_a_model_without_parameters_can_be_attacked() -> None:
    x = torch.full((2, 1, 2, 2), 0.5)
    found = attack(nn.Flatten(), x, torch.tensor([0, 3]), eps=0.1)
    assert found[0].flatten().tolist() == pytest.approx([0.4, 0.6, 0.6, 0.6])


def test_an_empty_batch_stays_empty() -> None:
    x, targets = toy_batch()
    assert attack(NET, x[:0], targets[:0]).shape == (0, 3, 6, 6)


def test_a_seed_decides_the_result() -> None:
    x, targets = toy_batch()
    options: dict[str, Any] = {"eps": 0.1, "steps": 1, "step": 0.01}
    assert torch.equal(attack(NET, x, targets, **options), attack(NET, x, targets, **options))
    assert not torch.equal(attack(NET, x, targets, **options), attack(NET, x, targets, seed=1, **options))


def test_eps_in_byte_values_is_refused_with_the_spelling_to_use() -> None:
    with pytest.raises(RequestError, match="'8/255'"):
        Attack.parse({"name": "pgd", "eps": 8})
    with pytest.raises(RequestError, match="'8/255'"):
        Attack.parse({"name": "fgsm", "eps": 8})
    assert PGD(eps=3, norm="l2").eps == 3
    parsed = Attack.parse({"name": "pgd", "eps": "8/255", "step": "2/255"})
    assert parsed == PGD(eps=8 / 255, step=2 / 255)


def test_the_defaults_are_the_usual_training_attack() -> None:
    assert PGD().budget() == {
        "attack": "pgd",
        "norm": "linf",
        "eps": 8 / 255,
        "steps": 10,
        "step": pytest.approx(2 / 255),
        "random_start": True,
        "keep_best": False,
        "restarts": 1,
        "bn": "eval",
    }
    assert FGSM(eps=0.1, random_start=True).budget()["step"] == 0.125
