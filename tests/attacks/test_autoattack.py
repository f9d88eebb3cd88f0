"""AutoAttack: a cascade that sees only what stands, for any number of classes, and says what it did."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tombola.attacks import autoattack
from tombola.attacks._base import Attack, Tally
from tombola.attacks._streams import Streams
from tombola.attacks.autoattack import AutoAttack, Part, cascade, parts_of
from tombola.errors import RequestError

from .toys import cross_entropy, generator, toy_batch, toy_net

SUITES = ["standard", "plus", "rand", "lite"]
ALL = pytest.mark.parametrize("suite", SUITES)
NORMS = pytest.mark.parametrize("norm", ["linf", "l2"])
pytestmark = pytest.mark.filterwarnings("ignore:fewer classes than targets:UserWarning")

NET = toy_net()


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suites as they are, but for a few steps each."""
    fewer = {"steps": 3, "queries": 20, "restarts": 2, "eot_iter": 2}
    short = {
        suite: {
            part: {name: fewer.get(name, value) for name, value in settings.items()} for part, settings in of.items()
        }
        for suite, of in autoattack._SETTINGS.items()
    }
    monkeypatch.setattr(autoattack, "_SETTINGS", short)


def predictions(net: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return net(x).argmax(1)  # type: ignore[no-any-return]  # a module's outputs are Any


def told_right(count: int = 8, seed: int = 0) -> tuple[Tensor, Tensor]:
    x, _ = toy_batch(count, seed)
    return x, predictions(NET, x)


def attack(net: nn.Module, x: Tensor, targets: Tensor, seed: int = 0, **options: Any) -> Tensor:
    member = AutoAttack(**options)
    return member.perturb(net, x, targets, cross_entropy, bounds=(0, 1), generator=generator(seed))


def tallied(net: nn.Module, x: Tensor, targets: Tensor, **options: Any) -> tuple[Tensor, Tally, AutoAttack]:
    member = AutoAttack(**options)
    found, tally = member.tallied(net, x, targets, cross_entropy, bounds=(0, 1), generator=generator())
    return found, tally, member


@settings(max_examples=12, deadline=None)
@given(
    suite=st.sampled_from(SUITES),
    norm=st.sampled_from(["linf", "l2"]),
    eps=st.floats(1e-6, 1),
    seed=st.integers(0, 99),
)
def test_the_result_is_in_the_ball_and_in_bounds_exactly(suite: str, norm: str, eps: float, seed: int) -> None:
    x, _ = toy_batch(4, seed)
    x[0] = x[0].round()  # pixels on the bounds
    found = attack(NET, x, predictions(NET, x), seed, suite=suite, norm=norm, eps=eps)
    delta = (found.double() - x.double()).flatten(1)
    assert (delta.abs().amax() if norm == "linf" else delta.norm(dim=1).amax()) <= eps
    assert found.dtype == x.dtype
    assert 0 <= found.min() <= found.max() <= 1


@ALL
@NORMS
def test_eps_nought_gives_the_images(suite: str, norm: str) -> None:
    x, targets = toy_batch()
    assert torch.equal(attack(NET, x, targets, suite=suite, norm=norm, eps=0), x)


@NORMS
def test_more_eps_never_leaves_more_standing_on_average(norm: str) -> None:
    x, targets = told_right(32)
    scale = 1 if norm == "linf" else 6
    left = [
        int((predictions(NET, attack(NET, x, targets, suite="lite", norm=norm, eps=eps * scale)) == targets).sum())
        for eps in (0.001, 0.03, 0.15)
    ]
    assert left[0] >= left[1] >= left[2]
    assert left[0] > left[2]


@ALL
def test_what_it_tells_is_what_the_model_does(suite: str) -> None:
    x, targets = told_right(24)
    targets[:3] = (targets[:3] + 1) % 4
    found, tally, _ = tallied(NET, x, targets, suite=suite, eps=0.03)
    wrong = predictions(NET, found) != targets
    assert tally.broken.total() == int(wrong.sum()) - 3
    assert 0 < tally.broken.total() < 21
    assert list(tally.broken) == list(parts_of(suite, eps=0, norm="linf", bounds=(0, 1)))  # type: ignore[arg-type]  # text
    assert torch.equal(found[:3], x[:3])


def test_each_part_sees_only_what_stood_before_it() -> None:
    x, targets = told_right(6)
    targets[5] = (targets[5] + 1) % 4
    other, _ = toy_batch(64, seed=9)
    seen: list[int] = []

    def breaks(which: int) -> Part:
        def part(_net: nn.Module, images: Tensor, right: Tensor, own: Streams) -> Tensor:
            seen.append(len(images))
            assert len(own) == len(images) == len(right)
            fooling = [other[predictions(NET, other) != label][0] for label in right.tolist()]
            return torch.cat([torch.stack(fooling)[:which], images[which:] * 0.999])

        return part

    parts = {"two": breaks(2), "none": breaks(0), "one": breaks(1)}
    found, broken = cascade(NET, x, targets, parts, generator=generator())
    assert seen == [5, 3, 3]
    assert broken == {"two": 2, "none": 0, "one": 1}
    assert (predictions(NET, found) != targets).tolist() == [True, True, True, False, False, True]
    assert torch.equal(found[3:5], x[3:5] * 0.999)  # as the first part left them


def test_nothing_is_asked_of_the_parts_after_the_last_image_fell() -> None:
    x, targets = told_right(8)
    found, tally, _ = tallied(NET, x, targets, eps=0.9)
    assert tally.broken == Counter({"apgd_ce": 8, "apgd_t": 0, "fab_t": 0, "square": 0})
    assert not bool((predictions(NET, found) == targets).any())


def test_an_image_does_not_depend_on_those_beside_it() -> None:
    net, (x, targets) = toy_net().double(), told_right(9)
    member, rng = AutoAttack(eps=0.02), generator()
    run = partial(member.perturb, net, criterion=cross_entropy, bounds=(0, 1))
    whole = run(x.double(), targets, generator=generator())
    parts = [run(x[part].double(), targets[part], generator=rng) for part in (slice(0, 4), slice(4, 5), slice(5, 9))]
    assert torch.allclose(torch.cat(parts), whole, atol=1e-9)


def test_the_model_comes_back_as_given_and_no_weight_gradient_is_made() -> None:
    net = toy_net().train()
    net.get_parameter("0.weight").requires_grad = False
    before = {key: tensor.clone() for key, tensor in net.state_dict().items()}
    x, targets = told_right()
    with torch.no_grad():
        attack(net, x, targets, eps=0.05)
    assert all(module.training for module in net.modules())
    assert [parameter.requires_grad for parameter in net.parameters()] == [False, *[True] * 8]
    assert all(parameter.grad is None for parameter in net.parameters())
    assert all(torch.equal(tensor, before[key]) for key, tensor in net.state_dict().items())


def linear(classes: int) -> tuple[nn.Module, Tensor, Tensor]:
    """A linear classifier of small images, images, and its answers."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        net = nn.Sequential(nn.Flatten(), nn.Linear(48, classes))
    x = torch.rand(12, 3, 4, 4, generator=generator())
    return net, x, predictions(net, x)


@ALL
@pytest.mark.parametrize(("classes", "says"), [(2, "DLR is the margin"), (3, "z_4"), (4, None)])
def test_few_classes_are_attacked_and_what_is_dropped_is_said(suite: str, classes: int, says: str | None) -> None:
    net, x, targets = linear(classes)
    found, tally, member = tallied(net, x, targets, suite=suite, eps=0.3)
    assert not bool((predictions(net, found) == targets).any())
    remarks = member.remarks(tally, 12)
    assert (says in str(remarks["dropped"])) if says else ("dropped" not in remarks)


def test_lite_says_that_it_does_not_compare_and_the_others_what_they_are() -> None:
    assert str(AutoAttack(suite="lite").budget()["comparable"]).startswith("no")
    for suite in SUITES[:3]:
        assert "comparable" not in AutoAttack.parse({"name": "autoattack", "suite": suite}).budget()
    budget = AutoAttack(norm="l2", eps=0.5).budget()
    assert (budget["attack"], budget["suite"], budget["norm"], budget["eps"]) == ("autoattack", "standard", "l2", 0.5)


@pytest.mark.filterwarnings("default")
def test_flags_are_warned_of_once_and_recorded() -> None:
    x, targets = told_right()
    soft = nn.Sequential(NET, nn.Softmax(1))
    with pytest.warns(UserWarning, match="softmax") as caught:
        attack(soft, x, targets, suite="lite", eps=0.01)
    assert [str(each.message).partition(":")[0] for each in caught] == ["probabilities"]
    _, tally, member = tallied(soft, x, targets, suite="lite", eps=0.01)
    with pytest.warns(UserWarning, match="softmax"):
        assert "softmax" in str(member.remarks(tally + tally, 16)["flags"])


def test_bad_requests_are_refused_before_anything_runs() -> None:
    x, targets = told_right()
    with pytest.raises(RequestError, match="'8/255'"):
        Attack.parse({"name": "autoattack", "eps": 8})
    with pytest.raises(RequestError, match=r"'standard', 'plus', 'rand'.*'lite'"):
        Attack.parse({"name": "autoattack", "suite": "custom"})
    with pytest.raises(RequestError, match=r"outside \[0, 1\]"):
        attack(NET, x * 2 - 1, targets)
    with pytest.raises(RequestError, match=r"\(8, 1\)"):
        attack(nn.Sequential(nn.Flatten(), nn.Linear(108, 1)), x, targets)


def test_an_empty_batch_stays_empty() -> None:
    x, targets = toy_batch()
    assert attack(NET, x[:0], targets[:0]).shape == (0, 3, 6, 6)
