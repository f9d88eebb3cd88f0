"""Damaged and hostile files: one TicketError each, at once, for no memory; none is ever taken for a ticket."""

import hashlib
import json
import os
import pickle
import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.tickets.samples import LINEAGE, ticket

from tombola.errors import TicketError
from tombola.masks.masks import Masks
from tombola.tickets.layout import Array, seal
from tombola.tickets.ticket import Ticket

Metadata = dict[str, Any]


def _refused(path: Path, match: str = "x.ticket: ") -> None:
    started = time.process_time()
    with pytest.raises(TicketError, match=match):
        Ticket.load(path)
    assert time.process_time() - started < 10  # a runaway; benchmarks/mutated_tickets.py asks for a second


def _put(path: Path, data: bytes | bytearray) -> None:
    """Into a new file each time: overwriting one makes some file systems flush it to the disk."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


@pytest.mark.slow
def test_ten_thousand_damaged_copies_and_every_truncation(tmp_path: Path) -> None:
    whole = ticket(keep_values=True).save(tmp_path / "whole.ticket").read_bytes()
    assert len(whole) < 4000
    rng, path = random.Random(0), tmp_path / "x.ticket"
    for count in range(10_000):
        _put(path, _damaged(bytearray(whole), count, rng))
        _refused(path)
    for length in range(len(whole)):
        _put(path, whole[:length])
        _refused(path)


def _damaged(data: bytearray, count: int, rng: random.Random) -> bytearray:
    """Another file than ``data``: a bit, a byte or a piece changed, a piece cut out, or more at the end."""
    whole, at, length = bytes(data), rng.randrange(len(data)), rng.randrange(1, 64)
    if count % 2 == 0:
        data[at] ^= 1 << rng.randrange(8)
    elif count % 8 == 1:
        data[at] = (data[at] + rng.randrange(1, 256)) % 256
    elif count % 8 == 3:
        del data[at : at + length]
    elif count % 8 == 5:
        data[at : at + length] = rng.randbytes(length)
    else:
        data += rng.randbytes(length)
    return data if bytes(data) != whole else data + b"\0"


def test_every_single_byte_counts(tmp_path: Path) -> None:
    whole = ticket(keep_values=False).save(tmp_path / "whole.ticket").read_bytes()
    path = tmp_path / "x.ticket"
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 1 << at % 8
        _put(path, data)
        _refused(path)


def test_a_damaged_large_file_takes_no_more_than_twice_its_size(tmp_path: Path) -> None:
    bits = torch.rand(4_000_000, generator=torch.Generator().manual_seed(0)) < 0.3
    path = Ticket(Masks({"w": bits}), LINEAGE).save(tmp_path / "x.ticket")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    tracemalloc.start()
    _refused(path, "do not match its seal")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * len(data)


def _nothing(path: Path) -> None:
    assert not path.exists()


def _pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weights": 1}))


def _torch_save(path: Path) -> None:
    torch.save({"w": torch.zeros(1)}, path)


def _foreign(path: Path) -> None:
    save_file({"w": torch.zeros(3)}, path, metadata={"format": "pt"})


def _newer(path: Path) -> None:
    whole = ticket(keep_values=False).save(path).read_bytes()
    path.write_bytes(whole.replace(b'"version":"1"', b'"version":"3"'))


def _short(path: Path) -> None:
    path.write_bytes(ticket(keep_values=False).save(path).read_bytes()[:-5])


def _vast_header(path: Path) -> None:
    whole = ticket(keep_values=False).save(path).read_bytes()
    path.write_bytes(b"\xff" * 8 + whole[8:])


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (_nothing, "no such file"),
        (Path.mkdir, "is a folder"),
        (os.mkfifo, "is not a file"),
        (Path.touch, "is empty"),
        (_pickle, "is a pickle or zip archive"),
        (_torch_save, "is a pickle or zip archive"),
        (_foreign, "a safetensors file but not a ticket"),
        (lambda path: path.write_text("hello"), "is not a ticket"),
        (_newer, "written by a newer Tombola; this one reads up to 2: upgrade"),
        (_short, "damaged"),
        (_vast_header, "cut short"),
    ],
)
def test_other_files_are_told_apart(tmp_path: Path, make: Callable[[Path], object], match: str) -> None:
    make(tmp_path / "x.ticket")
    _refused(tmp_path / "x.ticket", match)


ROW = {"name": "w", "shape": [4], "kept": 0, "code": "none", "bytes": 0}
CODED = {"name": "w", "shape": [64], "kept": 20, "code": "coded", "bytes": 8}
MASK_ONLY: Metadata = {"kind": "mask-only", "lineage": "{}"}
WHOLE: Metadata = {"kind": "self-contained", "lineage": "{}", "values": "float32"}


def _table(*rows: Mapping[str, Any]) -> str:
    return json.dumps({"masks": rows})


def _sealed(
    path: Path, metadata: Metadata, codes: bytes = b"", more: Mapping[str, Array] | None = None, version: int = 1
) -> None:
    arrays: dict[str, Array] = {"masks": ("U8", [len(codes)], codes), **(more or {})}
    path.write_bytes(b"".join(seal(metadata, arrays, version=version)))


ALIKE = {"name": "w", "shape": [64, 9], "kept": 96, "code": "coded", "bytes": 16, "alike": [3, 6]}
NM = {"name": "w", "shape": [32, 8], "kept": 128, "code": "coded", "bytes": 24, "nm": [2, 4]}


@pytest.mark.parametrize(
    "row",
    [
        ALIKE,
        NM,
        {**ALIKE, "nm": [2, 4]},
        {**ALIKE, "alike": [3]},
        {**ALIKE, "alike": 3},
        {**ALIKE, "alike": [64, 6]},
        {**ALIKE, "alike": [3, 0]},
        {**ALIKE, "alike": [3, 27]},
        {**ALIKE, "alike": [True, 6]},
        {**ALIKE, "shape": [2**23, 2], "alike": [2, 1], "kept": 2**22},
        {**ALIKE, "shape": [2**26, 1], "alike": [2, 1], "kept": 2**25},
        {**ALIKE, "kept": 576, "code": "full", "bytes": 0},
        {**NM, "nm": [0, 4]},
        {**NM, "nm": [4, 4]},
        {**NM, "nm": [-2, 4]},
        {**NM, "nm": [2, 5]},
        {**NM, "nm": [2**40, 2**41]},
        {**NM, "shape": [2**20, 64], "kept": 2**25},
        {**NM, "bytes": 0},
    ],
    ids=range(19),
)
@pytest.mark.parametrize("version", [1, 2])
def test_hostile_forms_with_a_good_seal(tmp_path: Path, row: Mapping[str, Any], version: int) -> None:
    codes = np.random.default_rng(0).bytes(row["bytes"])
    _sealed(tmp_path / "x.ticket", {**MASK_ONLY, "masks": _table(row)}, codes, version=version)
    tracemalloc.start()
    _refused(tmp_path / "x.ticket")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


def test_damaged_copies_of_the_second_version(tmp_path: Path) -> None:
    rng, path = random.Random(1), tmp_path / "x.ticket"
    alike = torch.rand(4, 9, 3, 3, generator=torch.Generator().manual_seed(0))[torch.arange(64) * 7 % 4] < 0.3
    whole = Ticket(Masks({"w": alike}), LINEAGE).save(tmp_path / "whole.ticket").read_bytes()
    assert b'"version":"2"' in whole[:100]
    for count in range(1000):
        _put(path, _damaged(bytearray(whole), count, rng))
        _refused(path)


@pytest.mark.parametrize(
    "table",
    [
        "[" * 100_000,
        '{"masks":[' + "[]," * 90_000 + "[]]}",
        '{"masks":[' + "[]," * 200_000 + "[]]}",
        "[]",
        "1e999",
        '{"masks": NaN}',
        '{"masks": 1' + "0" * 5000 + "}",
        '{"masks":[],"masks":[]}',
        '{"masks":{}}',
        _table({}),
        _table(ROW, ROW),
        _table({**ROW, "more": 1}),
        _table({**ROW, "name": 3}),
        _table({**ROW, "name": "\ud800"}),
        _table({**ROW, "shape": "4"}),
        _table({**ROW, "shape": [-4]}),
        _table({**ROW, "shape": [4.0]}),
        _table({**ROW, "shape": [True]}),
        _table({**ROW, "shape": [2**39] * 12}),
        _table({**ROW, "shape": [2**30]}),
        _table({**ROW, "shape": [1] * 1000}),
        _table({**ROW, "kept": 5}),
        _table({**ROW, "kept": -1}),
        _table({**ROW, "kept": 4}),
        _table({**ROW, "kept": True, "shape": [1], "code": "full"}),
        _table({**ROW, "code": "zip"}),
        _table({**ROW, "bytes": 8}),
        _table({**ROW, "bytes": 2**70}),
        _table({**ROW, "blocks": [2], "kept_blocks": 1}),
        _table({**CODED, "blocks": [2]}),
        _table({**CODED, "blocks": [0], "kept_blocks": 1}),
        _table({**CODED, "blocks": [65], "kept_blocks": 1}),
        _table({**CODED, "blocks": [2, 2], "kept_blocks": 1}),
        _table({**CODED, "blocks": [64], "kept_blocks": 1}),
        _table({**CODED, "blocks": [2], "kept_blocks": 0}),
        _table({**CODED, "blocks": [2], "kept_blocks": 9}),
        _table({**CODED, "bytes": 0}),
        _table({**CODED, "bytes": 4}),
        _table({**CODED, "bytes": 12}),
        _table({**CODED, "bytes": 16}),
        _table({**CODED}),
        _table({**CODED, "shape": [2**26], "kept": 3}),
        _table({**CODED, "shape": [2**26], "kept": 2**25}),
    ],
    ids=range(43),
)
def test_hostile_tables_with_a_good_seal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    codes = np.random.default_rng(0).bytes(8) if '"coded"' in table else b""
    monkeypatch.setattr("tombola.tickets.layout.MOST_MARKS", 2**30)  # for writing it
    _sealed(tmp_path / "x.ticket", {**MASK_ONLY, "masks": table}, codes)
    monkeypatch.undo()
    _refused(tmp_path / "x.ticket")


@pytest.mark.parametrize(
    ("metadata", "more"),
    [
        ({"kind": "mask-only", "masks": _table()}, {}),
        ({**MASK_ONLY, "kind": "both"}, {}),
        ({**MASK_ONLY, "values": "float32"}, {}),
        ({**WHOLE, "values": "float8"}, {}),
        ({**MASK_ONLY, "lineage": "[" * 50_000 + "]" * 50_000}, {}),
        ({**MASK_ONLY, "lineage": '{"surprise": 1}'}, {}),
        ({**MASK_ONLY, "lineage": '{"sparsity": 7}'}, {}),
        ({**MASK_ONLY, "lineage": '{"extra": ' + '{"a":' * 400 + "1" + "}" * 401}, {}),
        (MASK_ONLY, {"whole:b": ("U8", [1], b"1")}),
        (WHOLE, {"b": ("U8", [1], b"1")}),
        (WHOLE, {"whole:w": ("F32", [0], b"")}),
        ({**WHOLE, "masks": _table({**ROW, "dtype": "F32"})}, {}),
        ({**WHOLE, "masks": _table({**ROW, "dtype": "F32"})}, {"kept:w": ("F16", [0], b"")}),
        ({**WHOLE, "masks": _table({**ROW, "dtype": "F32"})}, {"kept:w": ("F32", [1], b"1234")}),
        ({**WHOLE, "masks": _table({**ROW, "dtype": "C64"})}, {"kept:w": ("F32", [0], b"")}),
        ({**WHOLE, "values": "float16", "masks": _table({**ROW, "dtype": "F32"})}, {"kept:w": ("F32", [0], b"")}),
    ],
    ids=range(16),
)
def test_hostile_headers_with_a_good_seal(tmp_path: Path, metadata: Metadata, more: Mapping[str, Array]) -> None:
    missing = {} if "lineage" not in metadata else {"masks": _table(ROW)}
    _sealed(tmp_path / "x.ticket", {**missing, **metadata}, more=more)
    _refused(tmp_path / "x.ticket")


@pytest.mark.parametrize(
    "entry",
    [
        [],
        {"dtype": "U8", "shape": [4]},
        {"dtype": "C64", "shape": [4], "data_offsets": [0, 4]},
        {"dtype": ["U8"], "shape": [4], "data_offsets": [0, 4]},
        {"dtype": "U8", "shape": [3], "data_offsets": [0, 4]},
        {"dtype": "U8", "shape": [4], "data_offsets": [0]},
        {"dtype": "U8", "shape": [4], "data_offsets": [1, 5]},
        {"dtype": "U8", "shape": [4], "data_offsets": [-4, 0]},
        {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]},
        {"dtype": "U8", "shape": [2**39], "data_offsets": [0, 2**39]},
        {"dtype": "U8", "shape": [4], "data_offsets": [0.0, 4.0]},
    ],
    ids=range(11),
)
def test_arrays_out_of_place_with_a_good_seal(tmp_path: Path, entry: object) -> None:
    good = json.dumps({"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}, separators=(",", ":"))
    bad = json.dumps(entry)
    whole = b"".join(seal({**MASK_ONLY, "masks": _table(ROW)}, {"masks": ("U8", [4], b"1234")}))
    path = tmp_path / "x.ticket"
    path.write_bytes(_resealed(whole[8:].replace(good.encode(), bad.encode())[:-4].rstrip(), b"1234"))
    _refused(path, "x.ticket")


def _resealed(header: bytes, data: bytes) -> bytes:
    blank = header[:67] + b"0" * 64 + header[131:]
    digest = hashlib.sha256(len(header).to_bytes(8, "little") + blank + data).hexdigest()
    return len(header).to_bytes(8, "little") + header[:67] + digest.encode() + header[131:] + data


@pytest.mark.slow
def test_changed_headers_with_a_good_seal_load_or_are_refused(tmp_path: Path) -> None:
    whole = ticket(keep_values=True).save(tmp_path / "whole.ticket").read_bytes()
    stop = 8 + int.from_bytes(whole[:8], "little")
    rng, path = random.Random(1), tmp_path / "x.ticket"
    refused = 0
    for _ in range(2000):
        header = bytearray(whole[8:stop])
        at = rng.randrange(131, len(header))
        header[at : at + rng.choice([0, 1, 1, 1, 2])] = rng.choice(
            [b"0", b"9", b"-", b"[", b"{", b'"', b"1e9", b"null", b","]
        )
        _put(path, _resealed(bytes(header), whole[stop:]))
        try:
            Ticket.load(path)
        except TicketError:
            refused += 1
    assert refused > 1000


BOMB = {"name": "w", "shape": [190_000_000], "kept": 0, "code": "none", "bytes": 0}
BOMBS: dict[str, tuple[Metadata, bytes, Mapping[str, Array]]] = {
    "weights": ({**WHOLE, "masks": _table({**BOMB, "dtype": "F64"})}, b"", {"kept:w": ("F64", [0], b"")}),
    "full": ({**MASK_ONLY, "masks": _table({**BOMB, "kept": 190_000_000, "code": "full"})}, b"", {}),
    "code": ({**MASK_ONLY, "masks": _table({**BOMB, "kept": 3, "code": "coded", "bytes": 12})}, b"123456789abc", {}),
    "text": ({**MASK_ONLY, "lineage": json.dumps({"extra": {"a": "\U0001f600" + "x" * 2_000_000}})}, b"", {}),
    "lists": ({**MASK_ONLY, "lineage": '{"extra":{"a":[' + "[]," * 60_000 + "0]}}"}, b"", {}),
    "seeds": ({**MASK_ONLY, "lineage": json.dumps({"seeds": {str(i): "x" for i in range(60_000)}})}, b"", {}),
    "rows": ({**MASK_ONLY, "masks": _table(*[{**ROW, "name": str(i)} for i in range(30_000)])}, b"", {}),
}
COST = """
import os, sys
from pathlib import Path
from tombola.errors import TicketError
from tombola.tickets.ticket import Ticket

def kilobytes(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))

def cost(path):
    Path("/proc/self/clear_refs").write_text("5")  # the highest mark begins anew
    before = kilobytes("VmRSS")
    try:
        Ticket.load(path)
    except TicketError:
        pass
    return 1024 * (kilobytes("VmHWM") - before)

Ticket.load(sys.argv[1])
for path in sys.argv[2:]:
    sys.stdout.flush()
    if os.fork() == 0:
        print(cost(path), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_a_sealed_ticket_costs_its_file_twice_and_64_mb_whatever_it_claims(tmp_path: Path) -> None:
    for name, (metadata, codes, more) in BOMBS.items():
        _sealed(tmp_path / name, {"masks": _table(), **metadata}, codes, more)
    begun = ticket(keep_values=True).save(tmp_path / "first.ticket")
    run = [sys.executable, "-c", COST, str(begun), *(str(tmp_path / name) for name in BOMBS)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    costs = dict(zip(BOMBS, map(int, done.stdout.split()), strict=True))
    most = {name: 2 * (tmp_path / name).stat().st_size + 64 * 2**20 for name in BOMBS}
    assert {name for name in BOMBS if costs[name] > most[name]} == set(), costs
