"""The average as a change is the fit's ``ema``, follows edits, and goes on the same."""

from typing import Any

import pytest
import torch
from tests.fitting.toys import Toy, network

from tombola.errors import OptionError
from tombola.fitting.changes._base import Edit, Given
from tombola.fitting.changes.average import Average
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.spec import build

FIT: dict[str, Any] = {"epochs": "6it", "batch": 10, "precision": "float32"}


def trained(**options: Any) -> Network:
    return build(Fit, {**FIT, **options}).run(network(), Toy(), seed=0, session=Session())


def test_ema_is_this_change() -> None:
    by_option = weights_digest(trained(ema=0.9))
    assert by_option == weights_digest(trained(changes=["average:0.9"]))
    assert by_option != weights_digest(trained())
    with pytest.raises(OptionError, match=r"ema=0\.9 and changes both ask for an average"):
        trained(ema=0.9, changes=["average:0.9"])


def test_an_average_moves_by_a_tenth_of_the_way_at_first() -> None:
    model = network()
    average = Average(decay=0.999).begin(Given(model, None, Toy(), seed=0))
    before = model.get_parameter("body.0.weight").detach().clone()
    with torch.no_grad():
        model.get_parameter("body.0.weight").add_(1.0)
    average.after_step(0)
    found = average.candidate()
    assert found is not None
    torch.testing.assert_close(found["body.0.weight"], before + 0.9)  # min(0.999, 1 / 10) of it stays


def test_pruned_weights_average_to_zero_and_cut_ones_are_cut() -> None:
    model = network()
    average = Average(decay=0.9).begin(Given(model, None, Toy(), seed=0))
    mask = torch.ones(6, 3, 3, 3, dtype=torch.bool)
    mask[0] = False
    average.edited(Edit(model, Masks({"0.weight": mask})))
    found = average.candidate()
    assert found is not None
    assert not bool(found["body.0.weight"][0].any())
    small = model.copy()
    rows = torch.tensor([1, 3, 4])
    small.body.get_submodule("0").weight = torch.nn.Parameter(model.get_parameter("body.0.weight")[rows].clone())
    places = torch.arange(mask.numel()).view(mask.shape)[rows]
    average.edited(Edit(small, None, {"body.0.weight": places}))
    left = average.candidate()
    assert left is not None
    assert torch.equal(left["body.0.weight"], model.get_parameter("body.0.weight")[rows])
