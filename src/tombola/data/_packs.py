"""One ``.npz`` pack of images: encoded bytes, lossless sheets, or plain arrays. Never a pickle."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tombola.data._base import InMemory
from tombola.data._decode import decode, decode_all, in_threads
from tombola.data._npz import Array, read_arrays, require_room
from tombola.data._pictures import BROKEN, OBLONG, oblong, opened, reason
from tombola.errors import DataError

FORMATS = "(data, offsets, labels, classes), (sheets, sheet_offsets, tile, labels, classes) or (x, y)"
MOST_CLASSES = 100_000
MOST_SIDE = 8192
ENCODED, SHEETS = ("data", "offsets"), ("sheets", "sheet_offsets", "tile")
KINDS = (ENCODED, SHEETS, ("x",))


def read_pack(path: Path, *, size: int | None, verify: bool) -> InMemory:
    """The images of a pack, ``size`` square or as they are; raises `DataError` for a file that is not one."""
    return _images(path, read_arrays(path, "pack"), size=size, verify=verify)


def _images(path: Path, arrays: Mapping[str, Array], *, size: int | None, verify: bool) -> InMemory:
    if "mask_data" in arrays:
        raise DataError(
            f"pack: {path} has masks (mask_data), it is for the segmentation task; write segmentation:scene_pack:PATH"
        )
    labels = arrays.get("y", arrays.get("labels"))
    kind = next((kind for kind in KINDS if set(kind) <= set(arrays)), None)
    if labels is None or kind is None:
        raise DataError(f"pack: {path} holds the arrays {', '.join(arrays) or 'none'}; expected {FORMATS}")
    if kind is ENCODED:
        pixels = _encoded(path, arrays, size)
    else:
        rows = _sheets(path, arrays) if kind is SHEETS else _plain(path, arrays["x"])
        if verify and "pixels_sha256" in arrays:
            _verify(path, rows, str(arrays["pixels_sha256"]))
        if 0 in rows.shape or (size is not None and oblong(*rows.shape[1:3])):
            raise DataError(f"pack: {path}: images of {rows.shape[2]}x{rows.shape[1]} pixels: none, or {OBLONG}")
        _require_room(path, len(rows), size or 0, size or 0)
        pixels = resized(torch.from_numpy(rows).permute(0, 3, 1, 2), size)
    return InMemory(_square(path, pixels), *_labels(path, labels, arrays.get("classes"), len(pixels)))


def _labels(path: Path, labels: Array, classes: Array | None, count: int) -> tuple[Tensor, tuple[str, ...]]:
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) != count or count == 0:
        raise DataError(f"pack: {path}: {count} images and labels of shape {labels.shape}, type {labels.dtype}")
    most = int(labels.max())
    if classes is None and most >= MOST_CLASSES:
        raise DataError(
            f"pack: {path}: a label of {most}, and no classes that name it; write classes, or labels from 0"
        )
    names = tuple(map(str, range(most + 1))) if classes is None else class_names(f"pack: {path}", classes)
    if int(labels.min()) < 0 or most >= len(names):
        raise DataError(f"pack: {path}: labels {labels.min()} to {labels.max()} for {len(names)} classes")
    return torch.from_numpy(labels.astype(np.int64)), names


def class_names(name: str, classes: Array) -> tuple[str, ...]:
    """The names of the classes: a list of texts or numbers, each once."""
    if classes.ndim != 1 or classes.dtype.kind not in "USiu" or not 0 < len(classes) <= MOST_CLASSES:
        given = f"classes of shape {classes.shape}, type {classes.dtype}"
        raise DataError(f"{name}: {given}; expected a list of 1 to {MOST_CLASSES} names")
    texts = np.char.decode(classes, "utf-8", "replace") if classes.dtype.kind == "S" else classes
    names = tuple(map(str, texts.tolist()))
    if double := next((one for one, count in Counter(names).items() if count > 1), None):
        raise DataError(f"{name}: the class {double!r} is named twice")
    return names


def _encoded(path: Path, arrays: Mapping[str, Array], size: int | None) -> Tensor:
    sources = parts(path, arrays["data"], arrays["offsets"])
    if size is None:
        size = _native(path, sources)
    _require_room(path, len(sources), size, size)
    pixels, broken = decode_all(sources, size, 0)
    if broken:
        index, why = next(iter(broken.items()))
        called = arrays.get("names", np.empty(0))
        name = called[index] if called.ndim == 1 and index < len(called) else f"number {index}"
        raise DataError(f"pack: {path}: {len(broken)} broken images, the first is {name} ({why})")
    return pixels


def _require_room(path: Path, count: int, tall: int, wide: int) -> None:
    require_room(3 * count * tall * wide, f"pack: {path}: {count:,} images of {wide}x{tall} pixels")


def _native(path: Path, sources: list[bytes]) -> int:
    """The side of the images when all are equally large squares."""
    try:
        sides = {_side(source) for source in sources}
    except BROKEN as error:
        raise DataError(f"pack: {path}: broken image: {reason(error)}") from None
    wide, tall = min(sides)
    if len(sides) > 1 or wide != tall:
        raise DataError(f"pack: {path}: images of {len(sides)} sizes such as {wide}x{tall}; give a size, as in size=64")
    return wide


def _side(source: bytes) -> tuple[int, int]:
    with opened(source) as file:
        return file.size


def parts(path: Path, data: Array, offsets: Array) -> list[bytes]:
    """The encoded files one after the other."""
    whole = offsets.ndim == 1 and len(offsets) > 1 and offsets.dtype.kind in "iu"
    rising = whole and bool((offsets[1:] > offsets[:-1]).all())
    if data.ndim != 1 or data.dtype != np.uint8 or not rising or int(offsets[0]) < 0 or int(offsets[-1]) > len(data):
        raise DataError(f"pack: {path}: offsets that do not rise from 0 to the {data.size} bytes of data")
    return [data[start:stop].tobytes() for start, stop in itertools.pairwise(offsets.tolist())]


def _sheets(path: Path, arrays: Mapping[str, Array]) -> Array:
    """The tiles of all sheets as (N, H, W, 3)."""
    height, width = _tile(path, arrays["tile"])
    sources = parts(path, arrays["sheets"], arrays["sheet_offsets"])
    sheets: dict[int, Array] = {}
    try:
        count = sum(tall // height for _, tall in map(_side, sources))
    except BROKEN as error:
        raise DataError(f"pack: {path}: a sheet cannot be decoded: {reason(error)}") from None
    _require_room(path, count, height, width)

    def one(index: int) -> None:
        pixels = decode(sources[index], None).permute(1, 2, 0).numpy()
        if pixels.shape[0] % height or pixels.shape[1] != width:
            raise ValueError(f"{pixels.shape[1]}x{pixels.shape[0]} pixels are no column of tiles of {width}x{height}")
        sheets[index] = pixels.reshape(-1, height, width, 3)

    try:
        in_threads(one, len(sources), 0)
    except BROKEN as error:
        raise DataError(f"pack: {path}: a sheet cannot be decoded: {reason(error)}") from None
    return np.concatenate([sheets[index] for index in range(len(sources))])


def _tile(path: Path, tile: Array) -> tuple[int, int]:
    sides = tile.tolist() if tile.shape == (2,) and tile.dtype.kind in "iu" else []
    if len(sides) != 2 or not all(0 < side <= MOST_SIDE for side in sides):
        given = tile.tolist() if tile.size <= 4 else f"of shape {tile.shape}"
        raise DataError(f"pack: {path}: tile is {given}; expected height and width, two whole numbers to {MOST_SIDE}")
    return sides[0], sides[1]


def _plain(path: Path, x: Array) -> Array:
    """Arrays (N, H, W), (N, H, W, 1) or (N, H, W, 3) as (N, H, W, 3)."""
    rows = x[..., None] if x.ndim == 3 else x
    if rows.dtype != np.uint8 or rows.ndim != 4 or rows.shape[3] not in (1, 3):
        raise DataError(f"pack: {path}: x of shape {x.shape}, type {x.dtype}; expected uint8 (N, H, W) or (N, H, W, 3)")
    _require_room(path, *rows.shape[:3])
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
