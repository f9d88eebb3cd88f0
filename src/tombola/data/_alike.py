"""Images that look alike: near-duplicates found by a hash of their gradients, and splits that keep them on one side.

The hash is dHash (Krawetz 2013): of a gray thumbnail, whether each cell is darker than the one right of it. Copies
that were saved again, resized or made brighter differ in a few of its 64 bits. Thumbnails are compared as well, their
mean taken off. Images without contrast have no gradients to speak of: they are alike where their pixels are equal.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tombola.data._decode import decode_all
from tombola.data._pictures import Source

SIDE = 72
"""Pixels of the side at which images are looked at: 8 rows of cells by 9."""

_ROWS, _COLUMNS = 8, 9
_FLAT = 24  # between the darkest cell and the lightest
_BITS = 3  # that may differ
_LEVELS = 6.0  # of 255, that cells may differ in the mean
_BANDS = 6
_NEIGHBOURS = 8
_CHUNK = 512

Cells = npt.NDArray[np.integer[Any]]
Hashes = npt.NDArray[np.uint64]


def looked_at(sources: Sequence[Source], workers: int) -> tuple[Cells, Hashes, dict[int, str]]:
    """Thumbnails (N, 8, 9), a hash of all pixels (N,), and by index why some images could not be read."""
    cells, exact, broken = np.zeros((len(sources), _ROWS, _COLUMNS), np.uint8), [], dict[int, str]()
    for start in range(0, len(sources), _CHUNK):
        pixels, bad = decode_all(sources[start : start + _CHUNK], SIDE, workers)
        cells[start : start + _CHUNK] = thumbnails(pixels)
        exact += [int.from_bytes(blake2b(one, digest_size=8).digest(), "big") for one in pixels.numpy()]
        broken.update({start + index: why for index, why in bad.items()})
    return cells, np.array(exact, np.uint64), broken


def thumbnails(pixels: Tensor) -> Cells:
    """Gray cells (N, 8, 9), 0 to 255, of uint8 images (N, 3, 72, 72); whole numbers throughout, so the same anywhere.

    >>> int(thumbnails(torch.full((1, 3, 72, 72), 200, dtype=torch.uint8))[0, 0, 0])
    200
    """
    red, green, blue = pixels.numpy().astype(np.int32).transpose(1, 0, 2, 3)
    gray = (299 * red + 587 * green + 114 * blue + 500) // 1000
    high, wide = SIDE // _ROWS, SIDE // _COLUMNS
    sums = gray.reshape(-1, _ROWS, high, _COLUMNS, wide).sum((2, 4), dtype=np.int64)
    found: Cells = (sums // (high * wide)).astype(np.uint8)
    return found


def dhash(cells: Cells) -> Hashes:
    """64 bits (N,) of cells (N, 8, 9): whether each is darker than the one right of it."""
    bits = (cells[:, :, :-1] < cells[:, :, 1:]).reshape(len(cells), 64)
    packed: Hashes = np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)
    return packed


def groups_of(cells: Cells, exact: Hashes) -> Tensor:
    """For each image the number of the first one that it looks like, (N,) int64; its own where it is alone.

    What two images share a third with, they share: groups are what hangs together.
    """
    first = list(range(len(cells)))
    for one, other in _pairs(cells, exact):
        low, high = sorted((_root(first, one), _root(first, other)))
        first[high] = low
    return torch.tensor([_root(first, index) for index in range(len(first))], dtype=torch.int64)


def together(labels: Tensor, groups: Tensor, fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Which samples stay and which are held out, as `held_out` draws them, but each group as a whole.

    The first sample of a group speaks for it; a group that would be too much of its class is passed over. Without
    groups the same samples are drawn as there.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    size, label = torch.bincount(groups, minlength=len(labels)), labels[groups]
    room = {one: round(fraction * int((label == one).sum())) for one in torch.unique(label).tolist()}
    out = torch.zeros(len(labels), dtype=torch.bool)
    for index in order[groups[order] == order].tolist():
        own, whole = int(labels[index]), int(size[index])
        if whole <= room[own]:
            out[index], room[own] = True, room[own] - whole
    out = out[groups]
    return torch.nonzero(~out).flatten(), torch.nonzero(out).flatten()


def firsts(keys: Iterable[Hashable]) -> Tensor:
    """For each key the place of the first one that is equal, (N,) int64.

    >>> firsts("abca").tolist()
    [0, 1, 2, 0]
    """
    first: dict[Hashable, int] = {}
    return torch.tensor([first.setdefault(key, place) for place, key in enumerate(keys)], dtype=torch.int64)


def _root(first: list[int], index: int) -> int:
    while first[index] != index:
        first[index] = first[first[index]]
        index = first[index]
    return index


def _pairs(cells: Cells, exact: Hashes) -> Iterator[tuple[int, int]]:
    """Pairs of images that are equal, or that look alike; of many in a row each with its neighbours."""
    order = np.argsort(exact, kind="stable")
    same = exact[order][1:] == exact[order][:-1]
    yield from zip(order[:-1][same].tolist(), order[1:][same].tolist(), strict=True)
    shown = np.flatnonzero(np.ptp(cells.reshape(len(cells), _ROWS * _COLUMNS), axis=1) >= _FLAT)
    hashes = dhash(cells[shown])
    for key in _keys(hashes):
        order = np.lexsort((hashes, key))
        for step in range(1, min(_NEIGHBOURS, len(order) - 1) + 1):
            one, other = order[:-step], order[step:]
            near = (key[one] == key[other]) & (_differing(hashes[one], hashes[other]) <= _BITS)
            first, second = shown[one[near]], shown[other[near]]
            alike = np.abs(_level(cells[first]) - _level(cells[second])).mean((1, 2)) <= _LEVELS
            yield from zip(first[alike].tolist(), second[alike].tolist(), strict=True)


def _level(cells: Cells) -> npt.NDArray[np.float64]:
    """Cells with the mean of each image taken off."""
    found: npt.NDArray[np.float64] = cells - cells.mean((1, 2), keepdims=True)
    return found


def _keys(hashes: Hashes) -> Iterator[Hashes]:
    """Half of the bits, every choice of three bands of six: hashes that differ in three bits share one at least."""
    edges = np.linspace(0, 64, _BANDS + 1).round().astype(int)
    bands = [((1 << int(high - low)) - 1) << int(low) for low, high in pairwise(edges)]
    for chosen in combinations(bands, _BANDS - _BITS):
        yield hashes & np.uint64(sum(chosen))


def _differing(one: Hashes, other: Hashes) -> npt.NDArray[np.int64]:
    """In how many bits."""
    apart = np.ascontiguousarray(one ^ other).view(np.uint8).reshape(len(one), 8)
    found: npt.NDArray[np.int64] = _ONES[apart].sum(1)
    return found


_ONES = np.array([bin(byte).count("1") for byte in range(256)], np.int64)
