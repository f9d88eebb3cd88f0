"""A network's classes against a set's: by name, whatever their order; what differs is named."""

import pytest
import torch
from torch import nn

from tombola.errors import ModelError
from tombola.masks.masks import Masks
from tombola.models.adapted import Adapted
from tombola.models.classes import in_order_of, masks_in_order_of
from tombola.models.network import Network

NAMES = ("ant", "bee", "cat")
X = torch.rand(4, 3, 2, 2)


def network(head: nn.Module | None = None) -> Network:
    made = Network(nn.Sequential(nn.Flatten(), head or nn.Linear(12, 3)), source="toy")
    made.adapted = Adapted.of({"name": "toy"}, size=2, classes=NAMES)
    return made


def test_the_same_classes_change_nothing() -> None:
    given = network()
    assert in_order_of(given, NAMES) is given
    given.adapted = None
    assert in_order_of(given, ("x", "y", "z")) is given, "it names none, so nothing can be said"


def test_another_order_is_followed_by_name() -> None:
    given = network()
    before = given(X)
    found = in_order_of(given, ("cat", "ant", "bee"))
    assert torch.equal(found(X), before[:, [2, 0, 1]])
    assert torch.equal(given(X), before), "the network given is as it was"
    assert found.adapted is not None
    assert found.adapted.classes == ("cat", "ant", "bee")


def test_a_head_of_several_layers_too() -> None:
    given = network(nn.Sequential(nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 3)))
    assert torch.equal(in_order_of(given, ("bee", "cat", "ant"))(X), given(X)[:, [1, 2, 0]])


def test_a_masked_head_stays_masked() -> None:
    given = network()
    keep = torch.rand(3, 12) > 0.5
    with torch.no_grad():
        given.head.weight.mul_(keep)  # type: ignore[operator]  # a Linear layer
    order = ("cat", "ant", "bee")
    masks = masks_in_order_of(Masks({"1.weight": keep}), given, order)
    weight = in_order_of(given, order).body.state_dict()["1.weight"]
    assert torch.equal(weight != 0, masks["1.weight"])


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (("ant", "bee", "dog"), r"lacks 'cat' and it has 'dog' besides"),
        (("ant", "bee"), r"holds 2: it lacks 'cat'"),
        ((*NAMES, "dog"), r"it has 'dog' besides"),
        (("ant", "ant", "bee", "cat"), r"some names stand for several"),
    ],
)
def test_what_differs_is_named(classes: tuple[str, ...], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        in_order_of(network(), classes)
