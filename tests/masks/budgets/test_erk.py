"""ERK: densities as in RigL, saturated at 1, with the exact total."""

import pytest
import torch
from tests.masks.budgets.groups import went
from torch import Size

from tombola.masks.budgets._base import Groups
from tombola.masks.budgets.erk import ERK
from tombola.masks.layers import Layer, numbers

SHAPES = [(16, 3, 3, 3), (16, 16, 3, 3), (32, 16, 3, 3), (32, 16, 1, 1), (64, 1, 3, 3), (10, 64)]


def as_groups(shapes: list[tuple[int, ...]]) -> dict[str, Groups]:
    generator = torch.Generator().manual_seed(0)
    return {
        str(place): Groups(torch.rand(shape, generator=generator), numbers(shape, 1), Layer(Size(shape)))
        for place, shape in enumerate(shapes)
    }


def rigl_densities(shapes: list[tuple[int, ...]], sparsity: float) -> list[float]:
    """The published procedure: solve for epsilon, make the tensor with the largest share dense, solve again."""
    dense: set[int] = set()
    raw = [sum(shape) / Size(shape).numel() for shape in shapes]
    sizes = [Size(shape).numel() for shape in shapes]
    while True:
        left = (1 - sparsity) * sum(sizes) - sum(sizes[place] for place in dense)
        free = [place for place in range(len(shapes)) if place not in dense]
        epsilon = left / sum(raw[place] * sizes[place] for place in free)
        largest = max(free, key=lambda place: raw[place])
        if epsilon * raw[largest] <= 1:
            return [1.0 if place in dense else epsilon * raw[place] for place in range(len(shapes))]
        dense.add(largest)


@pytest.mark.parametrize("sparsity", [0.2, 0.5, 0.8, 0.9, 0.95])
def test_densities_are_those_of_the_published_procedure(sparsity: float) -> None:
    groups = as_groups(SHAPES)
    found = ERK().allocate(groups, sparsity)
    densities = rigl_densities(SHAPES, sparsity)
    assert sparsity > 0.5 or 1.0 in densities
    for (name, kept), density in zip(found.kept.items(), densities, strict=True):
        assert abs(int(kept.sum()) - density * kept.numel()) <= 1, name
    assert went(found) == round(sparsity * sum(item.scores.numel() for item in groups.values()))


def test_large_tensors_become_sparser() -> None:
    found = ERK().allocate(as_groups([(8, 8, 3, 3), (64, 64, 3, 3)]), 0.9)
    small, large = (float(kept.float().mean()) for kept in found.kept.values())
    assert small > 5 * large


def test_a_transposed_layer_counts_as_its_mirror_image() -> None:
    plain = Layer(Size((6, 4, 3, 3)), groups=2)  # six outputs, of four inputs each
    mirrored = Layer(Size((8, 3, 3, 3)), groups=2, transposed=True)  # eight inputs in two groups, three outputs each
    generator = torch.Generator().manual_seed(0)
    groups = {
        name: Groups(torch.rand(layer.shape, generator=generator), numbers(layer.shape, 1), layer)
        for name, layer in {"plain": plain, "mirrored": mirrored}.items()
    }
    kept = ERK().allocate(groups, 0.75).kept
    assert int(kept["plain"].sum()) == int(kept["mirrored"].sum())
