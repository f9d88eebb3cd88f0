"""`Masks`: which weights are kept, as an immutable value with an algebra.

A mask is a boolean tensor of its weight's full shape, True where the weight is kept. The value owns its tensors: they
are copied in when it is made and copied out when they are read, so nobody can change it from outside. Reading
``masks[name]`` therefore makes a copy: take it once, not in a loop over steps.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias, final

import numpy as np
import torch
from torch import Tensor, nn

from tombola.errors import MaskError, near
from tombola.masks.bits import Packed
from tombola.masks.packed import PackedMasks

Shapes: TypeAlias = Mapping[str, Tensor] | Mapping[str, Sequence[int]]


@final
class Masks(Mapping[str, Tensor]):
    """Boolean tensors by tensor name (True: kept), equal and hashed by value. The tensors given are copied.

    >>> masks = Masks({"conv.weight": torch.tensor([True, False, False, False])})
    >>> masks.sparsity, masks.counts()
    (0.75, {'conv.weight': (1, 4)})
    """

    def __init__(self, masks: Mapping[str, Tensor]) -> None:
        for name, mask in masks.items():
            if mask.dtype != torch.bool:
                raise MaskError(
                    f"the mask of {name!r} is {mask.dtype}, not torch.bool;"
                    " write Masks.of(...) to keep what is not zero, or compare first"
                )
        self._tensors: Mapping[str, Tensor] = {name: mask.detach().clone() for name, mask in masks.items()}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> "Masks":
        """What is not zero is kept: the masks of weights that are already pruned (NaN counts as kept)."""
        return _own({name: tensor.detach() != 0 for name, tensor in tensors.items()})

    @classmethod
    def full(cls, like: nn.Module | Shapes) -> "Masks":
        """Everything kept, on the CPU: for all parameters of a module, or for tensors or shapes by name."""
        sized = dict(like.named_parameters()) if isinstance(like, nn.Module) else like
        return _own({name: torch.ones(_shape(item), dtype=torch.bool) for name, item in sized.items()})

    @classmethod
    def packed(cls, masks: Mapping[str, tuple[Packed, torch.Size]]) -> "Masks":
        """Masks given, and held, at a bit a weight, on the CPU: a tensor is unfolded each time it is read."""
        return _own(PackedMasks(masks))

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name].clone()

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __contains__(self, name: object) -> bool:
        return name in self._tensors

    def __repr__(self) -> str:
        return f"Masks({len(self)} tensors, {self.kept:,} of {self.total:,} kept, sparsity {self.sparsity:.4f})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Masks):
            return NotImplemented
        return self.shapes() == other.shapes() and all(bool((a == b).all()) for _, a, b in self._beside(other))

    def __hash__(self) -> int:
        return hash(self.digest())

    def __and__(self, other: "Masks") -> "Masks":
        return self._combine(other, torch.logical_and)

    def __or__(self, other: "Masks") -> "Masks":
        return self._combine(other, torch.logical_or)

    def __invert__(self) -> "Masks":
        return _own({name: ~mask for name, mask in self._tensors.items()})

    @property
    def kept(self) -> int:
        """How many weights are kept."""
        return sum(kept for kept, _ in self._counts.values())

    @property
    def total(self) -> int:
        """How many weights the masks cover."""
        return sum(total for _, total in self._counts.values())

    @property
    def sparsity(self) -> float:
        """The pruned share of the weights the masks cover, not of the whole model; 0 when they cover none."""
        return (self.total - self.kept) / self.total if self.total else 0.0

    def counts(self) -> dict[str, tuple[int, int]]:
        """(kept, total) of every tensor."""
        return dict(self._counts)

    def shapes(self) -> dict[str, torch.Size]:
        """The shape of every tensor. Copies no mask."""
        if isinstance(self._tensors, PackedMasks):
            return self._tensors.shapes()
        return {name: mask.shape for name, mask in self._tensors.items()}

    def nested_in(self, other: "Masks") -> bool:
        """Whether all that is kept here is kept in ``other`` too."""
        self._fit(other)
        return not any(bool((a & ~b).any()) for _, a, b in self._beside(other))

    def overlap(self, other: "Masks") -> float:
        """Kept in both over kept in either, in [0, 1]; 1 when neither keeps anything."""
        either = (self | other).kept
        return (self & other).kept / either if either else 1.0

    def only(self, names: Iterable[str]) -> "Masks":
        """The masks of some tensors, in the order they have here."""
        wanted = dict.fromkeys(names)
        for name in wanted:
            if name not in self:
                raise MaskError(f"no mask is called {name!r}{near(name, list(self))}")
        return _own({name: mask for name, mask in self._tensors.items() if name in wanted})

    def to(self, device: torch.device | str) -> "Masks":
        """The same masks on another device; equal to these."""
        return _own({name: mask.to(device) for name, mask in self._tensors.items()})

    def digest(self) -> str:
        """sha256 of the value: names (in any order), shapes and bits, wherever the tensors are."""
        return self._digest

    @cached_property
    def _counts(self) -> dict[str, tuple[int, int]]:
        return {name: (int(mask.count_nonzero()), mask.numel()) for name, mask in self._tensors.items()}

    @cached_property
    def _digest(self) -> str:
        found = hashlib.sha256()
        for name, mask in sorted(self._tensors.items()):
            found.update(f"{name}\0{tuple(mask.shape)}\0".encode())
            found.update(np.packbits(mask.cpu().numpy().ravel()).tobytes())
        return found.hexdigest()

    def _combine(self, other: "Masks", rule: Callable[[Tensor, Tensor], Tensor]) -> "Masks":
        self._fit(other)
        return _own({name: rule(a, b) for name, a, b in self._beside(other)})

    def _beside(self, other: "Masks") -> Iterator[tuple[str, Tensor, Tensor]]:
        for name, mask in self._tensors.items():
            yield name, mask, other._tensors[name].to(mask.device)

    def _fit(self, other: "Masks") -> None:
        missing = sorted(self._tensors.keys() ^ other._tensors.keys())
        if missing:
            raise MaskError(
                f"the masks cover different tensors: {_some(missing)} only on one side; take .only(...) of both"
            )
        for name, shape in self.shapes().items():
            if (theirs := other._tensors[name].shape) != shape:
                raise MaskError(f"the masks of {name!r} differ in shape: {tuple(shape)} and {tuple(theirs)}")


def came_back(before: Masks | None, now: Masks | None) -> dict[str, Tensor]:
    """Where weights are kept that were pruned before, by tensor; only tensors that have some."""
    if before is None:
        return {}
    found = {name: (now[name] if now is not None and name in now else True) & ~before[name] for name in before}
    return {name: back for name, back in found.items() if bool(back.any())}


def _own(tensors: Mapping[str, Tensor]) -> Masks:
    """Masks that take over fresh boolean tensors which nobody else holds, without copying them."""
    masks = Masks({})
    masks._tensors = tensors
    return masks


def _shape(item: Tensor | Sequence[int]) -> Sequence[int]:
    return item.shape if isinstance(item, Tensor) else item


def _some(names: Sequence[str], limit: int = 3) -> str:
    shown = ", ".join(map(repr, names[:limit]))
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown
