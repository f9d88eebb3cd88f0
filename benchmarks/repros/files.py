"""Repros of what was wrong with files: tickets, stores and disks."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import torch
from benchmarks.repros.finding import expect, finding
from safetensors import SafetensorError

from tombola.disks import written_folder
from tombola.errors import DiskError, StoreError, TicketError
from tombola.masks.masks import Masks
from tombola.models.saved_tensors import save_tensors
from tombola.native.writing import check_out
from tombola.study.shelf import Shelf
from tombola.tickets.layout import seal
from tombola.tickets.ticket import Lineage, Ticket

KEY = "ab" * 32


def padded(length: int) -> Ticket:
    """A ticket of nothing, with so much more in its header."""
    return Ticket(Masks({}), Lineage(extra={"pad": "x" * length}))


@finding("F1", "a ticket whose header's length begins as a pickle does is loaded")
def pickle_like(folder: Path) -> str:
    lengths = [turn + length for turn in (0, 2**16) for length in (640, 896, 1152, 1408)]
    least = int.from_bytes(padded(0).save(folder / "x.ticket").read_bytes()[:8], "little")
    for length in lengths:
        made = padded(length - least)
        path = made.save(folder / f"{length}.ticket")
        expect(path.read_bytes()[:2] == (length % 2**16).to_bytes(2, "little"), "the file does not begin so")
        expect(Ticket.load(path).lineage == made.lineage, f"a header of {length} came back otherwise")
    return f"{len(lengths)} headers"


@finding("F1", "what no load would take is not saved")
def unreadable(folder: Path) -> str:
    deep = Ticket(Masks({}), Lineage(extra={"deep": json.loads("[" * 30 + "]" * 30)}))
    try:
        deep.save(folder / "x.ticket")
    except TicketError as error:
        expect(not any(folder.iterdir()), "a file was left")
        return str(error)[-60:]
    raise AssertionError("a lineage nested 30 deep was saved, and cannot be loaded")


@finding("F2", "names in a shelf's manifest stay inside the stage's folder")
def outside(folder: Path) -> str:
    out = folder / "out" / "x"
    names = [str(out), "../../out/x", "a/../../../out/x", "C:\\x", ""]
    for name in names:
        shelf, into = folder / "shelf", folder / "cache" / "stage"
        there = shelf / "stages" / KEY[:2] / KEY
        there.mkdir(parents=True, exist_ok=True)
        into.mkdir(parents=True, exist_ok=True)
        item = {"bytes": 0, "sha256": "0" * 64}
        told = {
            "key": KEY, "stage": "draw", "version": 1, "identity": {}, "inputs": [], "seed": 0, "versions": {},
            "machine": {}, "finished": "", "seconds": 0, "files": {name: item},
        }  # fmt: skip
        (there / "manifest.json").write_text(json.dumps(told))
        try:
            Shelf(f"file://{shelf}").fetch(KEY, into)
        except StoreError as error:
            expect("manifest.json" in str(error), f"refused for another reason: {error}")
        else:
            raise AssertionError(f"{name!r} was followed")
    expect(not out.exists(), "a file outside was written")
    return f"{len(names)} names refused"


@finding("F5", "a flipped bit in a stage's outputs is refused where they are read")
def flipped(folder: Path) -> str:
    from tombola.study.manifest import Content, Manifest, content
    from tombola.study.store import Store

    stage = folder / "store" / "stages" / KEY[:2] / KEY
    stage.mkdir(parents=True)
    file = stage / "model.safetensors"
    file.write_bytes(bytes(1000))
    files: dict[str, Content] = {file.name: content(file)}
    Manifest(
        key=KEY, stage="pretrain", version=1, identity={}, inputs=(), seed=0, versions={}, machine={}, finished="",
        seconds=0, files=files,
    ).write(stage)  # fmt: skip
    store = Store(folder / "store")
    expect(store.folder(KEY) == stage, "a whole stage is refused")
    file.write_bytes(bytes(999) + b"\1")
    try:
        Store(folder / "store").folder(KEY)
    except StoreError as error:
        expect("changed since it was written" in str(error), str(error))
        return str(error)[-90:]
    raise AssertionError("a flipped bit was read")


COST = """
import resource, sys
from tombola.errors import TicketError
from tombola.tickets.ticket import Ticket
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    Ticket.load(sys.argv[1])
except TicketError:
    pass
after = resource.getrusage(resource.RUSAGE_SELF)
print(1024 * (after.ru_maxrss - before))
"""


@finding("F7", "a sealed ticket of 500 bytes takes under 64 MB, whatever it claims")
def bomb(folder: Path) -> str:
    rows = [{"name": "w", "shape": [2**26], "kept": 0, "code": "none", "bytes": 0, "dtype": "F64"}]
    told = {"kind": "self-contained", "values": "float32", "lineage": "{}", "masks": json.dumps({"masks": rows})}
    path = folder / "x.ticket"
    path.write_bytes(b"".join(seal(told, {"masks": ("U8", [0], b""), "kept:w": ("F64", [0], b"")})))
    done = subprocess.run([sys.executable, "-c", COST, str(path)], capture_output=True, text=True, check=True)
    took = int(done.stdout)
    expect(took <= 2 * path.stat().st_size + 64 * 2**20, f"{path.stat().st_size} bytes took {took:,}")
    return f"{path.stat().st_size} bytes took {took / 2**20:.1f} MB"


@finding("F10", "safetensors on a full disk is one error, and leaves nothing half-written")
def full(folder: Path) -> str:
    def refuse(_: object, path: Path, **__: object) -> None:
        path.write_bytes(b"half")
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    with patch("tombola.models.saved_tensors.save_file", refuse):
        try:
            save_tensors({"w": torch.ones(3)}, folder / "m.safetensors")
        except DiskError as error:
            expect(not any(folder.iterdir()), "half a file was left")
            return str(error)[-80:]
    raise AssertionError("nothing was raised")


@finding("F10", "an export cut short by a full disk leaves a folder that the next one takes")
def half_a_folder(folder: Path) -> str:
    def cut_short() -> None:
        with written_folder(folder / "net") as new:
            (new / "net.c").write_text("half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    try:
        cut_short()
    except DiskError as error:
        expect(not any(folder.iterdir()), "half a folder was left")
        check_out(folder / "net")
        return str(error)[-80:]
    raise AssertionError("nothing was raised")
