"""Layers in a state dict, and whose names speak for which: what a stranger's file and a net have in common.

A layer is the tensors under one name. Which layers may stand for each other is said by their shapes alone; names are
compared by their last word, so that ``q`` speaks for ``query`` and ``conv2`` against ``conv1``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

from torch import Tensor

Shapes: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]

_ROLES: Final = {
    "weight": "weight",
    "gamma": "weight",
    "bias": "bias",
    "beta": "bias",
    "running_mean": "running_mean",
    "moving_mean": "running_mean",
    "running_var": "running_var",
    "moving_variance": "running_var",
}
_COUNTED: Final = "num_batches_tracked"
_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True)
class Layer:
    """Tensors by their role, ``weight``, ``bias``, ..., and under which name each is found."""

    name: str
    found: Mapping[str, str]
    shapes: Shapes

    @cached_property
    def template(self) -> str:
        """Its name without the numbers: ``layer#.#.conv#``."""
        return _NUMBER.sub("#", self.name)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Those numbers."""
        return tuple(map(int, _NUMBER.findall(self.name)))

    @property
    def free(self) -> Shapes:
        """Its shapes but for how many outputs it has."""
        return tuple((role, shape[1:]) for role, shape in self.shapes)

    def __str__(self) -> str:
        (_, shape), *_ = sorted(self.shapes, key=lambda pair: -len(pair[1]))
        return f"{self.name} ({'x'.join(map(str, shape)) or 'scalar'})"


def layers_in(tensors: Mapping[str, Tensor]) -> list[Layer]:
    """The layers in the order of their first tensor; BatchNorm's count of batches, which decides nothing, is no part.

    A tensor that is alone has no role: ``gamma`` by itself scales a branch and is no normaliser's weight.

    >>> import torch
    >>> [layer.name for layer in layers_in({"a.weight": torch.zeros(1), "token": torch.zeros(1)})]
    ['a', 'token']
    """
    found: dict[str, dict[str, str]] = {}
    for name in tensors:
        home, _, last = name.rpartition(".")
        if last in _ROLES:
            found.setdefault(home, {})[_ROLES[last]] = name
        elif last != _COUNTED:
            found.setdefault(name, {})[""] = name
    return [
        Layer(home, parts, tuple(sorted((role, tuple(tensors[name].shape)) for role, name in parts.items())))
        for home, parts in ((home, _alone(parts)) for home, parts in found.items())
    ]


def _alone(parts: dict[str, str]) -> dict[str, str]:
    (first, *others) = parts.values()
    return parts if others else {"": first}


def in_order(tensors: Mapping[str, Tensor]) -> bool:
    """Whether tensors are in an order that says something: not the alphabet's for each type, as safetensors has it."""
    kinds = {tensor.dtype for tensor in tensors.values()}
    orders = ([name for name, tensor in tensors.items() if tensor.dtype == kind] for kind in kinds)
    return any(names != sorted(names) for names in orders)


@lru_cache(maxsize=1 << 16)
def agreement(one: str, other: str) -> int:
    """1 where the last words of two layers' names speak for each other, else 0.

    >>> agreement("blocks.0.q", "layer.0.query"), agreement("0.conv1", "1.conv2"), agreement("c1", "conv1")
    (1, 0, 1)
    """
    (first, number), (second, other_number) = _last_word(one), _last_word(other)
    if not first or not second or (number and other_number and number != other_number):
        return 0
    short, long = sorted((first, second), key=len)
    return int(short[0] == long[0] and _within(short, long))


def _last_word(name: str) -> tuple[str, str]:
    """The last word that is no number, in small letters, and the number at its end."""
    words = [word for word in name.lower().split(".") if not word.isdecimal()]
    found = re.fullmatch(r"(.*?)_?(\d*)", words[-1]) if words else None
    return (found[1], found[2]) if found else ("", "")


def _within(short: str, long: str) -> bool:
    """Whether the letters of one are in the other, in their order: ``attn`` in ``attention``."""
    letters = iter(long)
    return all(letter in letters for letter in short)
