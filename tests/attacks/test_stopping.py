"""What attacks that stop share: exact balls, images that are done left alone, batches that do not matter."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tombola.attacks._base import Attack
from tombola.errors import RequestError

from .toys import cross_entropy, generator, toy_batch, toy_net

NET = toy_net()
SHORT: dict[str, dict[str, Any]] = {
    "apgd": {"steps": 6},
    "apgd_t": {"steps": 4},
    "fab": {"steps": 3},
    "fab_t": {"steps": 3},
    "square": {"queries": 30, "resc_schedule": True},
}
ALL = pytest.mark.parametrize("name", SHORT)
BOTH = pytest.mark.parametrize("norm", ["linf", "l2"])


def attack(name: str, net: nn.Module, x: Tensor, targets: Tensor, seed: int = 0, **options: Any) -> Tensor:
    member = Attack.parse({"name": name, **SHORT[name], **options})
    return member.perturb(net, x, targets, cross_entropy, bounds=(0, 1), generator=generator(seed))


def predictions(net: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return net(x).argmax(1)  # type: ignore[no-any-return]  # a module's outputs are Any


def told_right(count: int = 8, seed: int = 0) -> tuple[Tensor, Tensor]:
    x, _ = toy_batch(count, seed)
    return x, predictions(NET, x)


def sizes(found: Tensor, x: Tensor, norm: str) -> Tensor:
    delta = (found.double() - x.double()).flatten(1)
    return delta.abs().amax(1) if norm == "linf" else delta.norm(dim=1)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(list(SHORT)),
    norm=st.sampled_from(["linf", "l2"]),
    eps=st.floats(1e-6, 1),
    seed=st.integers(0, 99),
    restarts=st.integers(1, 2),
)
def test_the_result_is_in_the_ball_and_in_bounds_exactly(
    name: str, norm: str, eps: float, seed: int, restarts: int
) -> None:
    x, _ = toy_batch(seed=seed)
    x[0] = x[0].round()  # pixels on the bounds
    targets = predictions(NET, x)
    found = attack(name, NET, x, targets, seed, norm=norm, eps=eps, restarts=restarts)
    assert found.shape == x.shape
    assert found.dtype == x.dtype
    assert sizes(found, x, norm).amax() <= eps
    assert 0 <= found.min() <= found.max() <= 1


@ALL
@BOTH
def test_eps_nought_gives_the_images(name: str, norm: str) -> None:
    x, targets = toy_batch()
    found = attack(name, NET, x, targets, norm=norm, eps=0)
    assert torch.equal(found, x)
    assert found.data_ptr() != x.data_ptr()


@ALL
def test_images_told_wrong_already_are_given_as_they_are(name: str) -> None:
    x, targets = told_right()
    targets[::2] = (targets[::2] + 1) % 4
    found = attack(name, NET, x, targets, eps=0.3)
    assert torch.equal(found[::2], x[::2])
    assert bool((found != x)[1::2].flatten(1).any(1).all())
    assert torch.equal(attack(name, NET, x[::2], targets[::2]), x[::2])


@ALL
@BOTH
def test_an_image_does_not_depend_on_those_beside_it(name: str, norm: str) -> None:
    net, (x, targets) = toy_net().double(), told_right(9)
    x = x.double()
    options: dict[str, Any] = {"norm": norm, "eps": 0.1 if norm == "linf" else 0.6, "restarts": 2}
    whole = attack(name, net, x, targets, **options)
    rng = generator()
    member = Attack.parse({"name": name, **SHORT[name], **options})
    parts = [
        member.perturb(net, x[part], targets[part], cross_entropy, bounds=(0, 1), generator=rng)
        for part in (slice(0, 4), slice(4, 5), slice(5, 9))
    ]
    assert torch.allclose(torch.cat(parts), whole, atol=1e-9)


@ALL
def test_a_seed_decides_the_result(name: str) -> None:
    x, targets = told_right()
    # the first start of FAB is the image itself; the second is drawn, for the images that stand after the first
    first, again, other = (attack(name, NET, x, targets, seed, eps=0.01, restarts=2) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@ALL
def test_the_model_comes_back_as_given_and_no_weight_gradient_is_made(name: str) -> None:
    net = toy_net().train()
    net.get_parameter("0.weight").requires_grad = False
    before = {key: tensor.clone() for key, tensor in net.state_dict().items()}
    x, targets = told_right()
    with torch.no_grad():
        attack(name, net, x, targets, eps=0.1)
    assert net.training
    assert net[1].training
    assert [parameter.requires_grad for parameter in net.parameters()] == [False, *[True] * 8]
    assert all(parameter.grad is None for parameter in net.parameters())
    assert all(torch.equal(tensor, before[key]) for key, tensor in net.state_dict().items())
    with pytest.raises(RuntimeError):
        attack(name, net, x[:, :2], targets)
    assert net.training


@ALL
def test_in_train_mode_the_running_statistics_move(name: str) -> None:
    net = toy_net().train()
    x, targets = told_right()
    before = int(net.state_dict()["1.num_batches_tracked"])
    attack(name, net, x, targets, eps=0.05, bn="train")
    assert int(net.state_dict()["1.num_batches_tracked"]) > before


@ALL
@BOTH
def test_more_eps_never_leaves_more_standing_on_average(name: str, norm: str) -> None:
    x, targets = told_right(48)
    scale = 1 if norm == "linf" else 6
    left = [
        int((predictions(NET, attack(name, NET, x, targets, norm=norm, eps=eps * scale)) == targets).sum())
        for eps in (0.001, 0.03, 0.15)
    ]
    assert left[0] >= left[1] >= left[2]
    assert left[0] > left[2]


@ALL
def test_more_restarts_never_leave_more_standing(name: str) -> None:
    x, targets = told_right(48)
    one, three = (
        predictions(NET, attack(name, NET, x, targets, eps=0.04, restarts=restarts)) == targets for restarts in (1, 3)
    )
    assert bool((three <= one).all())
    assert 0 < int(one.sum()) < 48


@ALL
def test_a_mistake_only_the_folded_model_makes_is_not_believed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import contextmanager

    from tombola.attacks import _searching

    @contextmanager
    def crooked(net: nn.Sequential) -> Any:
        bias = net.get_parameter("8.bias")
        kept = bias.data.clone()
        bias.data[0] += 100  # a folding that rounds very badly: everything is class 0
        yield
        bias.data.copy_(kept)

    x, _ = toy_batch(64)
    x = x[predictions(NET, x) != 0]
    targets = predictions(NET, x)
    honest = predictions(NET, attack(name, NET, x, targets, eps=0.1)) != targets
    monkeypatch.setattr(_searching, "folded", crooked)
    found = predictions(NET, attack(name, NET, x, targets, eps=0.1)) != targets
    # every claim of the first try is false; the second, on the model itself, finds about as many as ever
    assert int(found.sum()) >= 0.8 * int(honest.sum()) > 0


@ALL
def test_channels_last_keeps_its_layout_and_its_numbers(name: str) -> None:
    net, (x, targets) = toy_net().double(), told_right()
    x = x.double()
    found = attack(name, net, x.contiguous(memory_format=torch.channels_last), targets, eps=0.05)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(found, attack(name, net, x, targets, eps=0.05), atol=1e-9)


@ALL
def test_autocast_outside_leaves_the_images_exact(name: str) -> None:
    x, targets = told_right()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = attack(name, NET, x, targets, eps=0.05)
    assert found.dtype == torch.float32
    assert sizes(found, x, "linf").amax() <= 0.05


@ALL
def test_an_empty_batch_stays_empty(name: str) -> None:
    x, targets = toy_batch()
    assert attack(name, NET, x[:0], targets[:0]).shape == (0, 3, 6, 6)


@ALL
def test_a_model_without_logits_is_refused_with_what_to_use(name: str) -> None:
    x, targets = toy_batch()
    with pytest.raises(RequestError, match="'pgd'"):
        attack(name, nn.Conv2d(3, 4, 1), x, targets)
    with pytest.raises(RequestError, match=r"\(8, 1\)"):
        attack(name, nn.Sequential(nn.Flatten(), nn.Linear(108, 1)), x, targets)


@ALL
def test_eps_in_byte_values_is_refused_with_the_spelling_to_use(name: str) -> None:
    with pytest.raises(RequestError, match="'8/255'"):
        Attack.parse({"name": name, "eps": 8})
    parsed = Attack.parse({"name": name, "eps": 3, "norm": "l2"})
    assert parsed.budget()["eps"] == 3


def test_square_refuses_what_is_no_image() -> None:
    with pytest.raises(RequestError, match=r"\(2, 5\)"):
        attack("square", nn.Linear(5, 3), torch.rand(2, 5), torch.tensor([0, 1]))
