"""`PackedLayer`: a convolution or a linear layer of a program, packed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from torch import Tensor

from tombola.graphs.cells import CellLinear, CellSums
from tombola.graphs.ops import Conv, Linear, Op, Stem
from tombola.native.packed import Array, Packed
from tombola.native.program import Step

LAYERS: Final = ("conv", "linear", "cells", "dots", "stem")
"""The kinds of steps that have weights: C has a struct of each, and one more of its tables."""


@dataclass(frozen=True, eq=False)
class PackedLayer:
    """A packed layer: what C is told of it, and how its values are stored."""

    step: Step
    packed: Packed
    stored: Mapping[str, Array]

    @property
    def values(self) -> int:
        """How many values its stream has."""
        return int(self.packed.tables["values"].size)

    @property
    def survivors(self) -> int:
        """Weights that are not zero."""
        return int(_weight(self.step).count_nonzero())

    @property
    def total(self) -> int:
        """Weights, zeros included."""
        op = self.step.op
        places = op.places if isinstance(op, CellSums) else None
        return _weight(self.step).numel() if places is None else places

    @property
    def choice(self) -> str:
        """How it is computed, in words."""
        how = self.packed.choice
        if self.packed.kind == "dots":
            return "int8, dense"
        if how is not None and self.packed.kind == "cells":
            return f"int8, {how.block} channels a list, {how.source}"
        if how is not None:
            rows = "two rows at once" if self.packed.kind == "stem" else how.source
            return f"{how.block} channels x {how.tile} vectors, {rows}"
        return "dense" if self.packed.fields["dense"] else f"{self.packed.fields['size']} outputs a list"


def layer_of(op: Op) -> Conv | Linear | CellSums | CellLinear | None:
    """What has the weights of an operation, None where it has none."""
    layer = op.conv if isinstance(op, Stem) else op
    return layer if isinstance(layer, Conv | Linear | CellSums | CellLinear) else None


def _weight(step: Step) -> Tensor:
    layer = layer_of(step.op)
    assert layer is not None
    return layer.weight
