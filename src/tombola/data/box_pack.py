"""Box pack: a detection set in ``.npz`` files, such as BCCD's blood cells.

What: reads packs of encoded images (``data``, ``offsets``), their boxes one after the other (``boxes``: left, top,
right, bottom in pixels; ``box_offsets``: where each image's begin and the last ones end; ``box_labels``) and
``classes``. ``PATH`` is a folder or ``folder/prefix`` of ``prefix_train*.npz``, ``prefix_val*.npz`` and
``prefix_test*.npz``; with two of them validation comes out of train.
When: a detection set that travels as files; write ``detection:box_pack:PATH``.
Cost: decoded once into memory, three bytes a pixel.
Options: ``path``; ``height`` and ``width``, left out as they are: images are made to fit in there with their aspect
kept, black beside them; ``val_fraction`` and ``seed`` where there is no split.
Reference: Tombola's own; a dozen lines of numpy read it.
"""

from pathlib import Path
from typing import Final, Self

import numpy as np
import torch
from torch import Tensor

from tombola.data._boxes import Boxed, BoxSet, with_boxes
from tombola.data._boxes_read import read_boxed
from tombola.data._examples import box_packs
from tombola.data._in_packs import InPacks
from tombola.data._npz import Array, read_arrays
from tombola.data._packs import class_names, parts
from tombola.errors import DataError

_NEEDED: Final = ("data", "offsets", "boxes", "box_offsets", "box_labels", "classes")


class BoxPack(InPacks, BoxSet):
    """Images with boxes packed into ``.npz`` files."""

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        return [cls(path=box_packs(folder))]

    def read(self, file: Path, shape: tuple[int, int] | None) -> Boxed:
        return _read(file, shape)


def _read(path: Path, shape: tuple[int, int] | None) -> Boxed:
    """The images of one pack with their boxes; raises `DataError` for a file that is not one."""
    arrays, name = read_arrays(path, "box_pack"), f"box_pack: {path}"
    if lacking := [need for need in _NEEDED if need not in arrays]:
        raise DataError(
            f"{name} has no {', '.join(lacking)}; expected {', '.join(_NEEDED)}"
            " (a set of labelled images is read by pack:PATH, one of scenes by scene_pack:PATH)"
        )
    sources = parts(path, arrays["data"], arrays["offsets"])
    boxes = _boxes(name, arrays["boxes"], arrays["box_labels"], arrays["box_offsets"], len(sources))
    classes = class_names(name, arrays["classes"])
    pixels, fitted, named = read_boxed(name, sources, boxes, shape)
    return with_boxes(pixels, fitted, classes, named, name)


def _boxes(name: str, boxes: Array, labels: Array, offsets: Array, count: int) -> list[Tensor]:
    """The rows of each image."""
    numbers = boxes.ndim == 2 and boxes.shape[1] == 4 and boxes.dtype.kind in "iuf"
    if not numbers or labels.shape != (len(boxes),) or labels.dtype.kind not in "iu":
        raise DataError(
            f"{name}: boxes of shape {boxes.shape}, type {boxes.dtype}, and box_labels of shape {labels.shape}, type"
            f" {labels.dtype}; expected (N, 4) numbers and N whole ones"
        )
    whole = offsets.shape == (count + 1,) and offsets.dtype.kind in "iu"
    if not whole or int(offsets[0]) != 0 or int(offsets[-1]) != len(boxes) or bool((offsets[1:] < offsets[:-1]).any()):
        raise DataError(f"{name}: box_offsets that do not rise from 0 to the {len(boxes)} boxes over {count} images")
    rows = torch.from_numpy(np.concatenate([labels[:, None], boxes], 1, dtype=np.float32))
    return list(torch.split(rows, np.diff(offsets.astype(np.int64)).tolist()))
