"""One ``.npz`` pack of images: encoded bytes, lossless sheets, or plain arrays. Never a pickle."""

import hashlib
import io
import itertools
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.data._base import InMemory
from tombola.data._decode import BROKEN, decode, decode_all, in_threads, reason
from tombola.errors import DataError

Array: TypeAlias = np.ndarray[Any, Any]
FORMATS = "(data, offsets, labels, classes), (sheets, sheet_offsets, tile, labels, classes) or (x, y)"
KINDS = ({"data", "offsets"}, {"sheets", "sheet_offsets", "tile"}, {"x"})


def read_pack(path: Path, *, size: int | None, verify: bool) -> InMemory:
    """The images of a pack, ``size`` square or as they are; raises `DataError` for a file that is not one."""
    try:
        with path.open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise DataError(f"pack: {path} is not a .npz; it should hold the arrays {FORMATS}")
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"pack: {path} cannot be read ({error}); copy or download it again") from None
    return _images(path, arrays, size=size, verify=verify)


def _images(path: Path, arrays: Mapping[str, Array], *, size: int | None, verify: bool) -> InMemory:
    if "mask_data" in arrays:
        raise DataError(
            f"pack: {path} has masks (mask_data), it is for the segmentation task; write segmentation:scene_pack:PATH"
        )
    labels = arrays.get("y", arrays.get("labels"))
    if labels is None or not any(kind <= set(arrays) for kind in KINDS):
        raise DataError(f"pack: {path} holds the arrays {', '.join(arrays) or 'none'}; expected {FORMATS}")
    if "data" in arrays:
        pixels = _encoded(path, arrays, size)
    else:
        rows = _sheets(path, arrays) if "sheets" in arrays else _plain(path, arrays["x"])
        if verify and "pixels_sha256" in arrays:
            _verify(path, rows, str(arrays["pixels_sha256"]))
        pixels = resized(torch.from_numpy(rows).permute(0, 3, 1, 2), size)
    return InMemory(_square(path, pixels), *_labels(path, labels, arrays.get("classes"), len(pixels)))


def _labels(path: Path, labels: Array, classes: Array | None, count: int) -> tuple[Tensor, tuple[str, ...]]:
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) != count or count == 0:
        raise DataError(f"pack: {path}: {count} images and labels of shape {labels.shape}, type {labels.dtype}")
    names = tuple(map(str, range(int(labels.max()) + 1) if classes is None else classes.tolist()))
    if int(labels.min()) < 0 or int(labels.max()) >= len(names):
        raise DataError(f"pack: {path}: labels {labels.min()} to {labels.max()} for {len(names)} classes")
    return torch.from_numpy(labels.astype(np.int64)), names


def _encoded(path: Path, arrays: Mapping[str, Array], size: int | None) -> Tensor:
    sources = parts(path, arrays["data"], arrays["offsets"])
    if size is None:
        size = _native(path, sources)
    pixels, broken = decode_all(sources, size, 0)
    if broken:
        index, why = next(iter(broken.items()))
        name = arrays["names"][index] if "names" in arrays else f"number {index}"
        raise DataError(f"pack: {path}: {len(broken)} broken images, the first is {name} ({why})")
    return pixels


def _native(path: Path, sources: list[bytes]) -> int:
    """The side of the images when all are equally large squares."""
    from PIL import Image

    try:
        sides = {Image.open(io.BytesIO(source)).size for source in sources}
    except BROKEN as error:
        raise DataError(f"pack: {path}: broken image: {reason(error)}") from None
    wide, tall = min(sides)
    if len(sides) > 1 or wide != tall:
        raise DataError(f"pack: {path}: images of {len(sides)} sizes such as {wide}x{tall}; give a size, as in size=64")
    return wide


def parts(path: Path, data: Array, offsets: Array) -> list[bytes]:
    """The encoded files one after the other."""
    rising = (
        offsets.ndim == 1 and len(offsets) > 1 and offsets.dtype.kind in "iu" and bool((np.diff(offsets) > 0).all())
    )
    if data.dtype != np.uint8 or not rising or int(offsets[0]) < 0 or int(offsets[-1]) > len(data):
        raise DataError(f"pack: {path}: offsets that do not rise from 0 to the {len(data)} bytes of data")
    return [data[start:stop].tobytes() for start, stop in itertools.pairwise(offsets.tolist())]


def _sheets(path: Path, arrays: Mapping[str, Array]) -> Array:
    """The tiles of all sheets as (N, H, W, 3)."""
    height, width = (int(side) for side in arrays["tile"])
    sources = parts(path, arrays["sheets"], arrays["sheet_offsets"])
    sheets: dict[int, Array] = {}

    def one(index: int) -> None:
        sheets[index] = decode(sources[index], None).permute(1, 2, 0).numpy().reshape(-1, height, width, 3)

    try:
        in_threads(one, len(sources), 0)
    except BROKEN as error:
        raise DataError(f"pack: {path}: a sheet cannot be decoded: {reason(error)}") from None
    return np.concatenate([sheets[index] for index in range(len(sources))])


def _plain(path: Path, x: Array) -> Array:
    """Arrays (N, H, W), (N, H, W, 1) or (N, H, W, 3) as (N, H, W, 3)."""
    rows = x[..., None] if x.ndim == 3 else x
    if rows.dtype != np.uint8 or rows.ndim != 4 or rows.shape[3] not in (1, 3):
        raise DataError(f"pack: {path}: x of shape {x.shape}, type {x.dtype}; expected uint8 (N, H, W) or (N, H, W, 3)")
    return np.array(np.broadcast_to(rows, (*rows.shape[:3], 3)))


def _verify(path: Path, rows: Array, expected: str) -> None:
    """The digest is of (N, H, W, 3), or of (N, H, W) for a gray set."""
    if expected not in (_sha256(rows), _sha256(rows[..., 0])):
        raise DataError(f"pack: {path}: the decoded pixels have not the digest stated; copy or download it again")


def _sha256(rows: Array) -> str:
    return hashlib.sha256(rows.tobytes()).hexdigest()


def resized(pixels: Tensor, size: int | None) -> Tensor:
    """uint8 images (N, 3, H, W), contiguous: the short side resized to ``size``, the centre cropped."""
    if size is None or tuple(pixels.shape[2:]) == (size, size):
        return pixels.contiguous()
    short = min(pixels.shape[2:])
    tall, wide = (max(size, round(side * size / short)) for side in pixels.shape[2:])
    top, left = (tall - size) // 2, (wide - size) // 2
    chunks: tuple[Tensor, ...] = torch.split(pixels, 1024)
    parts = [
        F.interpolate(part, size=(tall, wide), mode="bilinear", antialias=True)[
            :, :, top : top + size, left : left + size
        ]
        for part in chunks
    ]
    return torch.cat(parts).contiguous()


def _square(path: Path, pixels: Tensor) -> Tensor:
    tall, wide = pixels.shape[2:]
    if tall != wide:
        raise DataError(f"pack: {path}: images of {wide}x{tall} pixels; give a size, as in size=64, to crop the centre")
    return pixels
