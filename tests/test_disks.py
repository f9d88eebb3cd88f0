"""Whole or not at all: a disk that is full or read-only leaves what was there, nothing half-written and one error."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from typer.testing import CliRunner

from tests.tickets.samples import ticket
from tombola.cli.main import app
from tombola.disks import require_writable, told, written, written_folder
from tombola.errors import DiskError, RequestError
from tombola.models.saved_tensors import save_tensors
from tombola.report.page import write_report
from tombola.rows import Row, write_rows

ROW = Row(property="accuracy", metric="accuracy", value=1.0, samples=1)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when what was written is to reach it."""

    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", refuse)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    "write",
    [
        lambda path: save_tensors({"w": torch.ones(3)}, path),
        lambda path: ticket(keep_values=True).save(path, overwrite=True),
        lambda path: write_rows(path, [ROW]),
        lambda path: write_report([ROW], None, path),
    ],
    ids=["tensors", "ticket", "rows", "report"],
)
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, write: Callable[[Path], object]) -> None:
    path = tmp_path / "x.any"
    path.write_text("before")
    with pytest.raises(DiskError, match=r"x.any: cannot be written: No space left on device; free some space"):
        write(path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("x.any", "before")]


@pytest.mark.parametrize("made", [False, True])
def test_a_folder_is_whole_or_as_it_was(tmp_path: Path, *, made: bool) -> None:
    out = tmp_path / "net"
    if made:
        out.mkdir()

    def half() -> None:
        with written_folder(out) as folder:
            (folder / "a").write_text("half")
            raise OSError(errno.ENOSPC, "x", str(folder / "b"))

    with pytest.raises(DiskError, match="net: cannot be written: No space left"):
        half()
    assert list(tmp_path.rglob("*")) == ([out] if made else [])
    with written_folder(out) as folder:
        (folder / "a").write_text("whole")
        (folder / "build").mkdir()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "build", "net"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EROFS, "x"), "Read-only file system; choose another place"),
        (OSError(errno.EACCES, "x"), "Permission denied; choose another place"),
        (SafetensorError("Error: I/O error: Read-only file system (os error 30)"), "Read-only file system; choose"),
        (SafetensorError("Error: I/O error: No space (os error 28)"), "No space left on device; free some space or"),
    ],
)
def test_what_is_said_is_of_the_trouble(tmp_path: Path, error: Exception, words: str) -> None:
    with pytest.raises(DiskError, match=words) as raised, told(tmp_path):
        raise error
    assert ("free some space" in str(raised.value)) == ("No space" in words)


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "x"), SafetensorError("header too large"), ValueError("x")])
def test_other_errors_stay_and_leave_nothing(tmp_path: Path, error: Exception) -> None:
    def half() -> None:
        with written(tmp_path / "x") as beside:
            beside.write_text("half")
            raise error

    with pytest.raises(type(error)) as raised:
        half()
    assert raised.value is error
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_writable(tmp_path / "not" / "there" / "yet")
    monkeypatch.setattr("os.access", lambda path, _: path != tmp_path)
    with pytest.raises(RequestError, match=f"the folder {tmp_path} cannot be written to"):
        require_writable(tmp_path / "not" / "there")
    monkeypatch.setattr("tombola.verbs.pretrain", None)  # not called
    out = str(tmp_path / "m.safetensors")
    refused = CliRunner().invoke(app, ["pretrain", "resnet8", "--task", "digits", "-o", out])
    assert refused.exit_code == 2
    assert refused.stderr == f"error: the folder {tmp_path} cannot be written to; choose another place\n"
