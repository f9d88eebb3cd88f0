"""The masked weights as NumPy arrays, of pruned tensors the survivors and their places alone.

What: one ``.npz`` file. A tensor that no mask names is there under its own name; of one that has a mask there are
  ``NAME.values`` (the survivors), ``NAME.places`` (where they stand, counted through the tensor) and ``NAME.shape``.
When: a program that reads NumPy and no safetensors, or a look at a ticket from a notebook.
Cost: none; a survivor takes 8 bytes, 4 of them for its place.
Options: ``compressed``.
Reference: the format is NumPy's, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from tombola.disks import written
from tombola.errors import RequestError
from tombola.exporters._base import Exporter
from tombola.exporters._masked import masked
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import option

Arrays = dict[str, NDArray[Any]]


def survivors(tensors: Mapping[str, NDArray[Any]], kept: Mapping[str, NDArray[np.bool_]]) -> Arrays:
    """Every tensor under its own name, and of those with a mask their survivors, their places and their shapes."""
    found: Arrays = {name: tensor for name, tensor in tensors.items() if name not in kept}
    for name, mask in kept.items():
        places = np.flatnonzero(mask).astype(np.int32 if mask.size < 2**31 else np.int64)
        shape = np.array(mask.shape, dtype=np.int64)
        found |= {f"{name}.values": tensors[name].ravel()[places], f"{name}.places": places, f"{name}.shape": shape}
    return found


@final
class Npz(Exporter):
    """Writes one file of arrays."""

    SUFFIX: ClassVar[str] = ".npz"
    FILE: ClassVar[str] = "net.npz"
    EXAMPLES: ClassVar[Examples] = ({}, {"compressed": True})

    compressed: bool = option(default=False, help="whether the arrays are deflated; slower, and smaller by a little")

    def export(self, model: Network, masks: Masks, out: Path) -> list[Path]:
        if out.exists():
            raise RequestError(f"{out} exists; choose another name or remove it first")
        tensors = {name: tensor.numpy() for name, tensor in masked(model, masks).body.state_dict().items()}
        arrays = survivors(tensors, {name: mask.numpy() for name, mask in masks.items()})
        with written(out) as beside, beside.open("wb") as file:
            (np.savez_compressed if self.compressed else np.savez)(file, **arrays)  # type: ignore[arg-type]  # names
        return [out]
