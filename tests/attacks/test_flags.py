"""Each flag is raised by the model or result it is about, and by no other."""

from collections import Counter

import pytest
import torch
from torch import Tensor, nn

from tombola.attacks._base import Tally
from tombola.attacks._flags import flags, probabilities, signs
from tombola.errors import RequestError

from .toys import toy_batch, toy_net


class Noisy(nn.Module):
    """Logits that are others at every call."""

    def __init__(self) -> None:
        super().__init__()
        self.net, self.calls = toy_net(), 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.net(x) + 0.01 * self.calls * x.mean()  # type: ignore[no-any-return]  # a module's outputs are Any


class Stepped(nn.Module):
    """Logits of rounded images: a gradient that is there and nought."""

    def __init__(self) -> None:
        super().__init__()
        self.net = toy_net()

    def forward(self, x: Tensor) -> Tensor:
        return self.net((x * 8).round() / 8)  # type: ignore[no-any-return]  # a module's outputs are Any


def raised(net: nn.Module, wanted: int = 3, *, random: bool = False) -> list[str]:
    x, _ = toy_batch()
    with torch.no_grad():
        targets = net(x).argmax(1)
    odd = signs(net.requires_grad_(requires_grad=False), x, targets, wanted=wanted, random=random)
    return flags(Tally(odd=odd), len(x), len(x))


def test_a_plain_net_raises_none() -> None:
    assert raised(toy_net()) == []


def test_random_outputs_raise_a_flag_where_they_are_not_expected() -> None:
    (flag,) = raised(Noisy())
    assert flag.startswith("random outputs: 8 of 8 images")
    assert "'rand'" in flag
    assert raised(Noisy(), random=True) == []


def test_probabilities_raise_a_flag() -> None:
    (flag,) = raised(nn.Sequential(toy_net(), nn.Softmax(1)))
    assert flag.startswith("probabilities: 8 of 8")
    assert "softmax" in flag


def test_a_few_logits_that_look_like_probabilities_do_not() -> None:
    tally = Tally(odd=Counter({"probabilities": 7}))
    assert flags(tally, 8, 8) == []
    assert probabilities(torch.tensor([[0.25, 0.75], [0.5, 0.6], [-0.5, 1.5]])).tolist() == [True, False, False]


def test_gradients_of_nought_raise_a_flag() -> None:
    (flag,) = raised(Stepped())
    assert flag.startswith("zero gradients: 8 of 8")


def test_fewer_classes_than_targets_raise_a_flag() -> None:
    (flag,) = raised(toy_net(), wanted=4)
    assert flag.startswith("fewer classes than targets")


@pytest.mark.parametrize(("broken", "raises"), [(2, False), (3, True)])
def test_square_above_a_fifth_of_a_per_cent_raises_a_flag(broken: int, raises: bool) -> None:
    tally = Tally(broken=Counter({"apgd_ce": 5, "square": broken}))
    found = flags(tally, 1000, 700)
    assert bool(found) == raises
    assert all(flag.startswith("black box beats white box") and f"{broken} of 1000" in flag for flag in found)


def test_square_alone_has_no_white_box_to_beat() -> None:
    assert flags(Tally(broken=Counter({"square": 50})), 100, 100) == []


def test_a_model_without_gradients_is_refused_with_what_to_use() -> None:
    class Cut(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.detach().flatten(1)[:, :3]

    x, targets = toy_batch()
    with pytest.raises(RequestError, match="'square'"):
        signs(Cut(), x, targets % 3, wanted=2, random=False)
