"""Tickets to files and back: masks coded, survivors as flat arrays, everything else of the state as it is."""

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from tombola.errors import TicketError
from tombola.masks.masks import Masks
from tombola.tickets import forms, layout, table
from tombola.tickets.forms import Form
from tombola.tickets.layout import Array, Sealed
from tombola.tickets.lineage import Lineage
from tombola.tickets.table import CODES, MaskRow, Table

_DTYPES = {
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
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_ROUNDED = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def write(
    path: Path, masks: Masks, weights: Mapping[str, Tensor] | None, lineage: Lineage, *, values: str, overwrite: bool
) -> Path:
    """The path of a whole new file; a failed write leaves what was there."""
    if values not in table.VALUES:
        raise TicketError(f"values={values!r}: survivors are kept as one of {', '.join(table.VALUES)}")
    if not path.parent.is_dir():
        raise TicketError(f"{path}: there is no folder {path.parent}; make it first")
    if path.is_dir() or (path.exists() and not overwrite):
        raise TicketError(f"{path}: exists already; name another file, or pass overwrite=True to replace it")
    pieces = _pieces(masks, weights, lineage, values)
    table.check_elements([total for _, total in masks.counts().values()], sum(map(len, pieces)), str(path))
    _write_whole(path, pieces)
    return path


def read(path: Path) -> tuple[Masks, Mapping[str, Tensor] | None, Lineage]:
    """The masks, the weights (None: mask-only) and the lineage of a ticket file."""
    found = table.read_table(path)
    masks = {row.name: _mask(row, found.sealed, path) for row in found.rows}
    weights = None if found.kind == "mask-only" else MappingProxyType(_weights(found, masks, path))
    if weights is None and set(found.sealed.entries) != {CODES}:
        raise TicketError(f"{path}: a mask-only ticket holds arrays besides its masks")
    return Masks(masks), weights, found.lineage


def _pieces(
    masks: Masks, weights: Mapping[str, Tensor] | None, lineage: Lineage, values: str
) -> list[bytes | memoryview]:
    rows: list[dict[str, object]] = []
    codes: list[bytes] = []
    arrays: dict[str, Array] = {}
    for name, mask in masks.items():
        form, code = forms.code_mask(mask.cpu().numpy())
        codes.append(code)
        rows.append(_described(name, mask, len(code)) | _formed(form))
        if weights is not None:
            rows[-1]["dtype"] = _dtype_name(name, _weight(weights, name, mask))
            arrays[f"kept:{name}"] = _array(name, _rounded(name, weights[name].detach().cpu()[mask.cpu()], values))
    for name in weights or {}:
        if name not in masks and weights is not None:
            arrays[f"whole:{name}"] = _array(name, weights[name])
    arrays[CODES] = ("U8", [sum(map(len, codes))], b"".join(codes))
    said = {"kind": "mask-only"} if weights is None else {"kind": "self-contained", "values": values}
    text = json.dumps({"masks": rows}, separators=(",", ":"))
    version = 2 if any("alike" in row or "nm" in row for row in rows) else 1
    return layout.seal({**said, "lineage": lineage.json_text(), "masks": text}, arrays, version=version)


def _described(name: str, mask: Tensor, size: int) -> dict[str, object]:
    kept, total = int(mask.count_nonzero()), mask.numel()
    code = table.code_kind(kept, total)
    return {"name": name, "shape": list(mask.shape), "kept": kept, "code": code, "bytes": size}


def _formed(form: Form) -> dict[str, object]:
    """What a row says of a form; nothing of the plain one."""
    found: dict[str, object] = {}
    if any(size > 1 for size in form.blocks):
        found |= {"blocks": list(form.blocks), "kept_blocks": form.kept}
    if form.alike is not None:
        found["alike"] = list(form.alike)
    if form.nm is not None:
        found["nm"] = list(form.nm)
    return found


def _weight(weights: Mapping[str, Tensor], name: str, mask: Tensor) -> Tensor:
    if name not in weights or weights[name].shape != mask.shape:
        raise TicketError(f"the ticket masks {name!r} {list(mask.shape)}, but holds no weights of that name and shape")
    return weights[name]


def _rounded(name: str, survivors: Tensor, values: str) -> Tensor:
    dtype = _ROUNDED.get(values)
    if dtype is None or not survivors.is_floating_point():
        return survivors
    rounded = survivors.to(dtype)
    if bool((rounded.isinf() & survivors.isfinite()).any()):
        raise TicketError(f"{name}: a weight is too large for {values}; save with values='float32' (or 'bfloat16')")
    return rounded


def _array(name: str, value: Tensor) -> Array:
    own = value.detach().cpu().contiguous()
    return _dtype_name(name, value), list(value.shape), own.reshape(-1).view(torch.uint8).numpy().data


def _dtype_name(name: str, value: Tensor) -> str:
    if value.dtype not in _NAMES:
        raise TicketError(
            f"{name}: tickets do not hold {value.dtype}; convert it to one of {', '.join(map(str, _NAMES))}"
        )
    return _NAMES[value.dtype]


def _write_whole(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Into a file beside it, then renamed: nobody ever sees half a ticket."""
    beside = path.with_name(f".{path.name[:200]}.{secrets.token_hex(6)}")
    try:
        with beside.open("xb") as stream:
            for piece in pieces:
                stream.write(piece)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        raise TicketError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        beside.unlink(missing_ok=True)


def _mask(row: MaskRow, sealed: Sealed, path: Path) -> Tensor:
    if row.code != "coded":
        return torch.full(row.shape, row.code == "full")
    code = memoryview(sealed.buffer)[row.start : row.stop]
    try:
        bits = forms.mask_of(row.form, row.shape, code)
        if int(np.count_nonzero(bits)) != row.kept:
            raise TicketError(f"the decoded mask does not keep the declared {row.kept} of {row.total}")
    except TicketError as error:
        raise TicketError(f"{path}: {row.name}: {error}") from None
    return torch.from_numpy(bits)


def _weights(found: Table, masks: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    entries = dict(found.sealed.entries)
    del entries[CODES]
    weights: dict[str, Tensor] = {}
    for row in found.rows:
        entry = entries.pop(f"kept:{row.name}", None)
        if entry is None or entry.shape != (row.kept,) or row.dtype not in _DTYPES:
            raise TicketError(f"{path}: {row.name}: its {row.kept} surviving weights are not in the file")
        dtype, rounded = _DTYPES[row.dtype], _ROUNDED.get(found.values or "")
        stored = rounded if rounded is not None and dtype.is_floating_point else dtype
        if _DTYPES[entry.dtype] != stored:
            raise TicketError(f"{path}: {row.name}: its survivors are {entry.dtype}, but should be {_NAMES[stored]}")
        survivors = _tensor(found.sealed, entry).to(dtype)
        weights[row.name] = torch.zeros(row.shape, dtype=dtype).masked_scatter_(masks[row.name], survivors)
    for name, entry in entries.items():
        plain_name = name.removeprefix("whole:")
        if plain_name == name or plain_name in masks:
            raise TicketError(f"{path}: holds an array {name[:80]!r} that belongs to nothing")
        weights[plain_name] = _tensor(found.sealed, entry)
    return weights


def _tensor(sealed: Sealed, entry: layout.Entry) -> Tensor:
    """A copy of its own of an array, so that it is aligned and the file's bytes can go."""
    dtype, count = _DTYPES[entry.dtype], entry.stop - entry.start
    if count == 0:
        return torch.zeros(entry.shape, dtype=dtype)
    raw = torch.frombuffer(sealed.buffer, dtype=torch.uint8, count=count, offset=entry.start).clone()
    if dtype == torch.bool:
        return (raw != 0).reshape(entry.shape)
    return raw.view(dtype).reshape(entry.shape)
