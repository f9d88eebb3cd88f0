"""What does not vary, and what nobody needs."""

import torch
from torch import Tensor, nn

from tombola.graphs.interpret import values
from tombola.graphs.trace import trace
from tombola.shrinking.constants import constants
from tombola.shrinking.needs import needed

SIZE = (3, 5, 5)


def _emptied(layer: nn.Conv2d, rows: list[int]) -> nn.Conv2d:
    with torch.no_grad():
        layer.weight[rows] = 0
    return layer


def _constants(*layers: nn.Module) -> tuple[Tensor, Tensor]:
    """What was found for the last layer, and what it gives for two images: (channels, all their values)."""
    graph = trace(nn.Sequential(*layers).eval(), SIZE)
    seen = values(graph, torch.rand(2, *SIZE, generator=torch.Generator().manual_seed(0)))[graph.output]
    return constants(graph)[graph.output], seen.transpose(0, 1).flatten(1)


def _check(found: Tensor, seen: Tensor, constant: list[int]) -> None:
    assert (~found.isnan()).nonzero().flatten().tolist() == constant
    torch.testing.assert_close(seen[constant], found[constant].float()[:, None].expand_as(seen[constant]))


def test_a_channel_without_weights_is_its_bias() -> None:
    _check(*_constants(_emptied(nn.Conv2d(3, 4, 3), [1, 3])), constant=[1, 3])


def test_it_passes_norms_and_activations() -> None:
    norm = nn.BatchNorm2d(4)
    nn.init.normal_(norm.bias)
    _check(*_constants(_emptied(nn.Conv2d(3, 4, 3), [0, 2]), norm, nn.Hardswish(), nn.MaxPool2d(2)), constant=[0, 2])


def test_a_border_of_zeros_makes_a_pattern_of_it() -> None:
    first, second = _emptied(nn.Conv2d(3, 2, 1), [0, 1]), nn.Conv2d(2, 2, 3, padding=1)
    _check(*_constants(first, second), constant=[])
    _check(*_constants(first, nn.Conv2d(2, 2, 3)), constant=[0, 1])
    assert first.bias is not None
    nn.init.zeros_(first.bias)
    _check(*_constants(first, second), constant=[0, 1])


def test_an_average_over_a_border_that_counts_is_a_pattern() -> None:
    first = _emptied(nn.Conv2d(3, 2, 1), [0])
    _check(*_constants(first, nn.AvgPool2d(3, 1, 1)), constant=[])
    _check(*_constants(first, nn.AvgPool2d(3, 1, 1, count_include_pad=False)), constant=[0])


def test_a_norm_that_scales_by_nothing_gives_a_constant() -> None:
    norm = nn.BatchNorm2d(2)
    with torch.no_grad():
        norm.weight[1] = 0
        norm.bias[1] = 0.25
    _check(*_constants(nn.Conv2d(3, 2, 1), norm), constant=[1])


def test_needed_is_what_a_weight_reads() -> None:
    first, second = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 3, 1)
    with torch.no_grad():
        second.weight[:, 2] = 0  # nobody reads 2
        second.weight[0, [0, 2, 3]] = 0  # 0 and 3 are read by 1 and 2, which come to nothing below
    third = nn.Conv2d(3, 2, 1)
    with torch.no_grad():
        third.weight[:, 1:] = 0
    graph = trace(nn.Sequential(first, second, third), SIZE)
    found = needed(graph, constants(graph))
    assert found["1"].tolist() == [True, False, False]
    assert found["0"].tolist() == [False, True, False, False]
