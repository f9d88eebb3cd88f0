"""Size against counts by hand."""

import pytest
import torch
from torch import nn

from tombola.batch import blank
from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties.size import bytes_of, operations

from .toy_task import ToyTask


def net() -> Network:
    """On 4x4 pixels: 8 x 3 x 3 x 3 weights at 4 places, 6 x 4 x 1 x 1 (two groups) at 4 places, 2 x 24 once."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.Conv2d(8, 6, 1, groups=2, bias=False),
            nn.Flatten(),
            nn.Linear(24, 2),
        )
    with torch.no_grad():
        for parameter in body.parameters():
            parameter.add_(3)  # nothing is 0
    return Network(body, source="toy")


def measured(model: Network, **options: object) -> dict[str, Measurement]:
    found = Property.parse({"name": "size", **options}).measure(model, ToyTask(), seed=0, session=Session())
    return {item.metric: item for item in found}


WEIGHTS = (216, 24, 48)
OTHERS = 16 + 2  # the norm's weights and biases, the head's biases


def test_a_dense_net_is_all_it_has() -> None:
    found = measured(net())
    whole = sum(WEIGHTS) + OTHERS
    macs = 216 * 4 + 24 * 4 + 48
    stored = 4 * (whole + 16) + 8  # running statistics and the count of batches
    stored += 4 * 6  # mean and deviation of the normaliser
    assert {name: item.value for name, item in found.items()} == {
        "size": whole,
        "parameters": whole,
        "sparsity": 0,
        "macs": macs,
        "dense_macs": macs,
        "bytes": found["bytes"].value,
        "dense_bytes": stored,
    }
    assert next(iter(found)) == "size"
    assert found["bytes"].value <= stored
    assert {item.samples for item in found.values()} == {0}


def test_zeros_are_counted_where_they_lie() -> None:
    model = net()
    first, second = torch.arange(216).view(8, 3, 3, 3) < 54, torch.arange(24).view(6, 4, 1, 1) < 12
    apply_masks(model.body, Masks({"0.weight": first, "2.weight": second}))
    found = measured(model)
    assert found["size"].value == 54 + 12 + 48 + OTHERS
    assert found["size"].detail == {"of": sum(WEIGHTS) + OTHERS}
    assert found["macs"].value == 54 * 4 + 12 * 4 + 48
    assert found["macs"].detail == {"pixels": 4, "of": found["dense_macs"].value}
    assert found["sparsity"].value == pytest.approx(100 * (162 + 12) / 240)
    assert found["sparsity"].detail == {"zeros": 174, "of": 240, "prunable": "double_win"}
    assert found["dense_bytes"].value - found["bytes"].value >= 4 * 162 - 27 + 4 * 12 - 3


def test_sparsity_is_of_the_weights_that_are_named() -> None:
    model = net()
    with torch.no_grad():
        model.head.weight.zero_()  # type: ignore[operator]  # a Linear layer
    assert measured(model)["sparsity"].value == 0
    found = measured(model, prunable="open_lth")["sparsity"]
    assert found.value == pytest.approx(100 * 48 / 288)
    assert found.detail["of"] == 288
    assert measured(model, prunable="re:^4")["sparsity"].value == 100
    with pytest.raises(RequestError, match="did you mean"):
        measured(model, prunable="double_wim")


def test_a_tensor_is_never_larger_sparse_than_whole() -> None:
    layer = nn.Linear(64, 10, bias=False)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    assert bytes_of(layer) == (2560, 2560)
    with torch.no_grad():
        layer.weight[1:] = 0
    assert bytes_of(layer) == (80 + 4 * 64, 2560)


def test_the_model_comes_back_and_half_precision_weighs_half() -> None:
    model = net().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    operations(model, blank(4))
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert bytes_of(model.body[4].half())[1] == 100  # type: ignore[index]  # the head of a Sequential
