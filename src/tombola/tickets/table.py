"""The mask table in a ticket's header: one row a masked tensor, and what a row may say. No torch."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tombola.errors import TicketError
from tombola.tickets import blocks, layout
from tombola.tickets.coding import MOST_CODE
from tombola.tickets.forms import Form, check_form
from tombola.tickets.header import Header, parse_json, shape_of
from tombola.tickets.lineage import Lineage
from tombola.tickets.summary import LayerCount, Summary

CODES = "masks"
"""The name of the array that holds all mask codes, one after the other in the table's order."""

MOST_LINEAGE = 2**15
"""Values in a lineage: each is looked at several times."""
MOST_ROWS = 2**13
"""Masked tensors of one ticket; each code costs a moment to begin."""

VALUES = ("float32", "float16", "bfloat16")
_ROW = {"name", "shape", "kept", "bytes", "code", "blocks", "kept_blocks", "dtype"}
_ROW_2 = {"alike", "nm"}
"""What rows may say since version 2 of the format."""


@dataclass(frozen=True)
class MaskRow:
    """One masked tensor: what its code is, where, and in which form."""

    name: str
    shape: tuple[int, ...]
    kept: int
    code: str
    start: int
    stop: int
    form: Form
    dtype: str | None

    @property
    def total(self) -> int:
        """All weights of the tensor."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Table:
    """Everything a ticket's header says."""

    header: Header
    rows: tuple[MaskRow, ...]
    lineage: Lineage
    kind: str
    values: str | None

    def summary(self) -> Summary:
        """Counts, lineage and sizes, without decoding a mask."""
        layers = tuple(LayerCount(row.name, row.shape, row.kept, row.total) for row in self.rows)
        mask_bytes = sum(row.stop - row.start for row in self.rows)
        return Summary(self.kind, layers, self.lineage, self.values, self.header.file_bytes, mask_bytes)


def read_table(path: Path) -> Table:
    """The checked table of a ticket file whose seal held."""
    return table_of(layout.unseal(path).header, str(path))


def table_of(header: Header, path: str) -> Table:
    """What a header says of its masks; ``path`` names the file in the `TicketError` of one that says no such thing."""
    if missing := {"kind", "lineage", "masks"} - set(header.metadata):
        raise TicketError(f"{path}: the header says nothing about {', '.join(sorted(missing))}")
    kind, values = header.metadata["kind"], header.metadata.get("values")
    if (
        kind not in ("mask-only", "self-contained")
        or (values is None) != (kind == "mask-only")
        or values not in (None, *VALUES)
    ):
        raise TicketError(f"{path}: is of no known kind ({kind[:40]!r} with values {str(values)[:40]!r})")
    what = f"{path}: the lineage"
    lineage = Lineage.from_json(parse_json(header.metadata["lineage"], what, most=MOST_LINEAGE), what)
    table = parse_json(header.metadata["masks"], f"{path}: the mask table")
    if set(table) != {"masks"} or not isinstance(table["masks"], list):
        raise TicketError(f"{path}: the mask table is not a list")
    rows = _rows(table["masks"], header, f"{path}: the mask table")
    return Table(header, rows, lineage, kind, values)


def summarise(path: Path | str) -> Summary:
    """What ``tombola show`` prints of a ticket file; needs no torch and decodes nothing."""
    return read_table(Path(path)).summary()


def most_elements(file_bytes: int) -> int:
    """How many weights the masks of a file of so many bytes may be of.

    A mask that was read takes a bit a weight, and 30 nanoseconds for eight: this keeps any file under twice its size
    and 64 MB, and under a second until it has megabytes. VGG-19 and ConvNeXt-Large fit at any sparsity.
    """
    return 200_000_000 + 8 * file_bytes


def check_elements(totals: Sequence[int], file_bytes: int, what: str) -> None:
    """Raises `TicketError` when the masks are of more weights than such a file may hold."""
    if sum(totals) > most_elements(file_bytes):
        raise TicketError(
            f"{what}: its masks are of {sum(totals):,} weights, more than a file of {file_bytes:,} bytes may have"
            f" ({most_elements(file_bytes):,}); keep the weights of so large and so sparse a model in its ticket"
        )


def _rows(table: list[Any], header: Header, what: str) -> tuple[MaskRow, ...]:
    codes = header.entries.get(CODES)
    if codes is None or codes.dtype != "U8":
        raise TicketError(f"{what}: the file holds no mask codes")
    if len(table) > MOST_ROWS:
        raise TicketError(f"{what}: masks {len(table):,} tensors, at most {MOST_ROWS:,}")
    rows: list[MaskRow] = []
    position = codes.start
    for item in table:
        row = _row(item, position, _ROW | _ROW_2 if header.version > 1 else _ROW, what)
        position = row.stop
        rows.append(row)
    if position != codes.stop:
        raise TicketError(
            f"{what}: the codes it names are {position - codes.start} bytes, the file holds {codes.stop - codes.start}"
        )
    if len({row.name for row in rows}) != len(rows):
        raise TicketError(f"{what}: a tensor stands in it twice")
    check_elements([row.total for row in rows], header.file_bytes, what)
    return tuple(rows)


def _row(item: Any, start: int, known: set[str], what: str) -> MaskRow:
    if not isinstance(item, Mapping) or not {"name", "shape", "kept", "bytes", "code"} <= set(item) <= known:
        raise TicketError(f"{what}: a row is not one")
    name, dtype = item["name"], item.get("dtype")
    if not isinstance(name, str) or not (dtype is None or isinstance(dtype, str)):
        raise TicketError(f"{what}: a tensor's name or dtype is not text")
    here = f"{what}: {name[:80]!r}"
    shape = shape_of(item["shape"], here)
    total = math.prod(shape)
    kept, size = _whole(item["kept"], total, f"{here}: kept"), _whole(item["bytes"], MOST_CODE, f"{here}: bytes")
    code = code_kind(kept, total)
    if item["code"] != code or (code != "coded" and (size or {"blocks", "alike", "nm"} & set(item))):
        raise TicketError(f"{here}: the code {str(item['code'])[:40]!r} does not belong to {kept} kept of {total}")
    form = _form(item, shape, kept, here)
    return MaskRow(name, shape, kept, code, start, start + size, form, dtype)


def _form(item: Mapping[str, Any], shape: tuple[int, ...], kept: int, here: str) -> Form:
    if {"alike", "nm"} <= set(item):
        raise TicketError(f"{here}: alike and nm do not go together")
    form = Form(*_blocks(item, shape, kept, here), alike=_pair(item, "alike", here), nm=_pair(item, "nm", here))
    check_form(form, shape, here)
    return form


def _pair(item: Mapping[str, Any], field: str, here: str) -> tuple[int, int] | None:
    if field not in item:
        return None
    found = item[field]
    if not isinstance(found, list) or len(found) != 2:
        raise TicketError(f"{here}: {field}={str(found)[:40]} is not a pair of numbers")
    return _whole(found[0], 2**48, f"{here}: {field}"), _whole(found[1], 2**48, f"{here}: {field}")


def _blocks(item: Mapping[str, Any], shape: tuple[int, ...], kept: int, here: str) -> tuple[tuple[int, ...], int]:
    """The sizes of the blocks a mask is coded in, and how many are kept; without them a block is one weight."""
    if ("blocks" in item) != ("kept_blocks" in item):
        raise TicketError(f"{here}: blocks and kept_blocks come together")
    if "blocks" not in item:
        return (1,) * len(shape), kept
    sizes = shape_of(item["blocks"], here)
    if len(sizes) != len(shape) or not all(1 <= size <= extent for size, extent in zip(sizes, shape, strict=True)):
        raise TicketError(f"{here}: blocks of {list(sizes)} do not fit {list(shape)}")
    most = math.prod(blocks.shrunk_shape(shape, sizes))
    kept_blocks = _whole(item["kept_blocks"], most, f"{here}: kept_blocks")
    if kept_blocks in (0, most):
        raise TicketError(f"{here}: {kept_blocks} of {most} blocks cannot keep {kept} of {math.prod(shape)} weights")
    return sizes, kept_blocks


def _whole(value: object, most: int, what: str) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise TicketError(f"{what}={str(value)[:40]} is not a whole number from 0 to {most}")
    return value


def code_kind(kept: int, total: int) -> str:
    """How a mask is coded: ``none`` and ``full`` cost nothing, ``coded`` is entropy-coded."""
    return "none" if kept == 0 else "full" if kept == total else "coded"
