"""Tickets to files and back: masks coded, survivors as flat arrays, everything else of the state as it is."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from tombola.disks import written
from tombola.errors import TicketError
from tombola.masks.bits import Packed, constant, count
from tombola.masks.masks import Masks
from tombola.tickets import forms, layout, table
from tombola.tickets.forms import Form
from tombola.tickets.header import header_of
from tombola.tickets.layout import Array
from tombola.tickets.lineage import Lineage
from tombola.tickets.survivors import DTYPES, ROUNDED, Survivors
from tombola.tickets.table import CODES, MaskRow, table_of
from tombola.tickets.unfolding import packed_mask

_NAMES = {dtype: name for name, dtype in DTYPES.items()}


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
    table_of(header_of(pieces[0][8:], sum(map(len, pieces)), str(path)), str(path))  # what no load would take
    _write_whole(path, pieces)
    return path


def read(path: Path) -> tuple[Masks, Mapping[str, Tensor] | None, Lineage]:
    """The masks, the weights (None: mask-only) and the lineage of a ticket file.

    Held are the file's bytes and a bit for each masked weight: what a dense net takes is paid where tensors are read.
    """
    sealed = layout.unseal(path)
    found = table_of(sealed.header, str(path))
    shapes = {row.name: torch.Size(row.shape) for row in found.rows}
    masks = Masks.packed({row.name: (_mask(row, sealed.buffer, path), shapes[row.name]) for row in found.rows})
    if found.kind == "mask-only":
        if set(found.header.entries) != {CODES}:
            raise TicketError(f"{path}: a mask-only ticket holds arrays besides its masks")
        return masks, None, found.lineage
    return masks, Survivors(sealed.buffer, found, masks, str(path)), found.lineage


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
    dtype = ROUNDED.get(values)
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
    with written(path) as beside, beside.open("xb") as stream:
        for piece in pieces:
            stream.write(piece)


def _mask(row: MaskRow, buffer: bytearray, path: Path) -> Packed:
    if row.code != "coded":
        return constant(row.code == "full", row.total)
    try:
        found = packed_mask(row.form, row.shape, memoryview(buffer)[row.start : row.stop])
        if count(found) != row.kept:
            raise TicketError(f"the decoded mask does not keep the declared {row.kept} of {row.total}")
    except TicketError as error:
        raise TicketError(f"{path}: {row.name[:80]}: {error}") from None
    return found
