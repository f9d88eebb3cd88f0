"""Groups of made-up layers, for the tests of budgets."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from hypothesis import strategies as st
from torch import Size, Tensor

from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.layers import Layer, numbers


def single(scores: Sequence[float], positions: int | None = None) -> Groups:
    """One weight a group."""
    tensor = torch.tensor(scores, dtype=torch.float64)
    return Groups(tensor, numbers(tensor.shape, 1), Layer(tensor.shape, positions=positions))


def sized(scores: Sequence[float], sizes: Sequence[int], positions: int | None = 1) -> Groups:
    """Groups of the sizes given."""
    return Groups(
        torch.tensor(scores, dtype=torch.float64),
        torch.tensor(sizes),
        Layer(Size((sum(sizes),)), positions=positions),
    )


def pruned(found: Allocation) -> dict[str, list[int]]:
    """The indices of the groups that went."""
    return {name: (~kept).flatten().nonzero().flatten().tolist() for name, kept in found.kept.items()}


def went(found: Allocation) -> int:
    """How many groups went."""
    return sum(map(len, pruned(found).values()))


def weights_gone(found: Allocation, groups: Mapping[str, Groups]) -> int:
    """How many weights went."""
    return sum(int(item.sizes[~found.kept[name]].sum()) for name, item in groups.items())


def members(floor: int) -> dict[str, Budget]:
    """Every registered budget, by name, as its first example has it."""
    found = {name: member.examples(Path())[0].replace(floor=floor) for name, member in Budget.family.members().items()}
    return {name: budget for name, budget in found.items() if isinstance(budget, Budget)}


@st.composite
def layers(draw: st.DrawFn, size: int | None) -> Groups:
    """A convolution's groups with few different scores, some below zero; of one size, or of 1 to 5 weights."""
    shape = (draw(st.integers(1, 4)), draw(st.integers(1, 3)), *draw(st.sampled_from([(1, 1), (3, 3), (2, 1)])))
    count = Size(shape).numel()
    scores = draw(st.lists(st.integers(-4, 12), min_size=count, max_size=count))
    sizes = numbers(shape, size) if size else _sizes(draw, shape)
    tensor = torch.tensor(scores, dtype=torch.float32).view(shape) / 8
    return Groups(tensor, sizes, Layer(Size(shape), positions=draw(st.integers(1, 50))))


def _sizes(draw: st.DrawFn, shape: tuple[int, ...]) -> Tensor:
    count = Size(shape).numel()
    return torch.tensor(draw(st.lists(st.integers(1, 5), min_size=count, max_size=count))).view(shape)


def nets(size: int | None) -> st.SearchStrategy[dict[str, Groups]]:
    """Three tensors."""
    return st.fixed_dictionaries({name: layers(size) for name in ("a", "b", "c")})
