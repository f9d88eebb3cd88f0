"""`Packed`: a layer as the C kernels read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tombola.native.choosing import Choice

Array = npt.NDArray[np.generic]
ACTIVATIONS = (None, "relu", "relu6", "silu", "hardswish", "hardsigmoid", "sigmoid", "gelu", "gelu_tanh", "tanh")


@dataclass(frozen=True)
class Packed:
    """A layer as C reads it: ``struct {kind}`` with these fields, and ``struct {kind}_data`` with these tables.

    ``instances`` are lines a translation unit has once each; ``scratch`` counts the floats of one part.
    """

    kind: str
    fields: Mapping[str, int | str]
    tables: Mapping[str, Array]
    instances: tuple[str, ...] = ()
    scratch: int = 0
    choice: Choice | None = field(default=None, compare=False)

    @property
    def bytes(self) -> int:
        """What the tables take in a file."""
        return sum(table.nbytes for table in self.tables.values())
