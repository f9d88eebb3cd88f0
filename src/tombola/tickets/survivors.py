"""`Survivors`: a self-contained ticket's weights, in the bytes they were read in until one of them is asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from tombola.errors import TicketError
from tombola.masks.masks import Masks
from tombola.tickets.header import Entry, Header
from tombola.tickets.table import CODES, MaskRow, Table

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
ROUNDED = {"float16": torch.float16, "bfloat16": torch.bfloat16}
"""The dtypes that survivors may be rounded to."""


@dataclass(frozen=True)
class _Kept:
    entry: Entry
    dtype: torch.dtype


@final
class Survivors(Mapping[str, Tensor]):
    """Tensors by name. Each is made anew when it is read, pruned weights exactly +0.0: a dense net is never held."""

    def __init__(self, buffer: bytearray, found: Table, masks: Masks, what: str) -> None:
        """Raises `TicketError` unless the file holds what its table says, and nothing else."""
        self._buffer = buffer
        self._masks = masks
        self._kept = {row.name: _kept(row, found, what) for row in found.rows}
        self._whole = _whole(found.header, self._kept, what)

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._kept:
            return self._tensor(self._whole[name])
        kept = self._kept[name]
        survivors, mask = self._tensor(kept.entry).to(kept.dtype), self._masks[name]
        return torch.zeros(mask.shape, dtype=kept.dtype).masked_scatter_(mask, survivors)

    def __iter__(self) -> Iterator[str]:
        yield from self._kept
        yield from self._whole

    def __len__(self) -> int:
        return len(self._kept) + len(self._whole)

    def shapes(self) -> dict[str, torch.Size]:
        """The shape of every tensor, none of them made."""
        whole = {name: torch.Size(entry.shape) for name, entry in self._whole.items()}
        return {**self._masks.shapes(), **whole}

    def _tensor(self, entry: Entry) -> Tensor:
        """A copy of its own of an array."""
        dtype, count = DTYPES[entry.dtype], entry.stop - entry.start
        if count == 0:
            return torch.zeros(entry.shape, dtype=dtype)
        raw = torch.frombuffer(self._buffer, dtype=torch.uint8, count=count, offset=entry.start).clone()
        if dtype == torch.bool:
            return (raw != 0).reshape(entry.shape)
        return raw.view(dtype).reshape(entry.shape)


def _kept(row: MaskRow, found: Table, what: str) -> _Kept:
    entry = found.header.entries.get(f"kept:{row.name}")
    if entry is None or entry.shape != (row.kept,) or row.dtype not in DTYPES:
        raise TicketError(f"{what}: {row.name[:80]}: its {row.kept} surviving weights are not in the file")
    dtype, rounded = DTYPES[row.dtype], ROUNDED.get(found.values or "")
    stored = rounded if rounded is not None and dtype.is_floating_point else dtype
    if DTYPES[entry.dtype] != stored:
        raise TicketError(f"{what}: {row.name[:80]}: its survivors are {entry.dtype}, but should be {stored}")
    return _Kept(entry, dtype)


def _whole(header: Header, kept: Mapping[str, _Kept], what: str) -> dict[str, Entry]:
    """The arrays that are no survivors, by their own names."""
    found: dict[str, Entry] = {}
    for name, entry in header.entries.items():
        plain = name.removeprefix("whole:")
        if name == CODES or (name.startswith("kept:") and name.removeprefix("kept:") in kept):
            continue
        if plain == name or plain in kept:
            raise TicketError(f"{what}: holds an array {name[:80]!r} that belongs to nothing")
        found[plain] = entry
    return found
