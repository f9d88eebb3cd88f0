"""A full disk and a read-only one, both real: one clear error, a whole store, and the same command goes on.

Both are small file systems in memory, mounted for the test, since root may write where permissions forbid it.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.study.toys import STUDY
from typer.testing import CliRunner

from tombola.cli.main import app

MEGABYTES = 4
TOMBOLA = [sys.executable, "-c", "from tombola.cli.main import main; main()"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes, with a study beside it."""
    place = tmp_path / "disk"
    place.mkdir()
    if not _mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(place)):
        pytest.skip("this user may not mount a file system")
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(STUDY))
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _mount(*arguments: str) -> bool:
    mount = shutil.which("mount")
    return mount is not None and subprocess.run([mount, *arguments], capture_output=True, check=False).returncode == 0


def leave(disk: Path, kilobytes: int) -> None:
    """Fill the disk but for so much."""
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    free = shutil.disk_usage(disk).free - 1024 * kilobytes
    ballast.write_bytes(bytes(free))


def arguments(disk: Path, out: str, runner: str = "inline") -> list[str]:
    beside = disk.parent
    places = ["--store", str(disk / "store"), "--out", str(beside / out)]
    return ["run", str(beside / "toy.yaml"), *places, "--runner", runner]


def rows(disk: Path, out: str) -> bytes:
    return (disk.parent / out / "toy" / "rows.jsonl").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The rows of a run that nothing disturbed, in a store on another disk."""
    beside = tmp_path_factory.mktemp("beside")
    (beside / "toy.yaml").write_text(yaml.safe_dump(STUDY))
    whole = ["run", str(beside / "toy.yaml"), "--store", str(beside / "other"), "--out", str(beside / "out")]
    assert CliRunner().invoke(app, whole).exit_code == 0
    return rows(beside / "disk", "out")


def assert_whole(disk: Path) -> int:
    """How many stages there are, none of them damaged."""
    found = CliRunner().invoke(app, ["store", "verify", "--store", str(disk / "store")])
    assert found.exit_code == 0, found.output
    assert ", 0 damaged" in found.output
    return int(found.output.split()[0])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("runner", ["inline", pytest.param("processes:2", marks=pytest.mark.slow)])
def test_a_full_disk_is_one_error_and_the_study_goes_on(disk: Path, undisturbed: bytes, runner: str) -> None:
    finished: list[int] = []
    for kilobytes in (0, 60, 120, 180):
        leave(disk, kilobytes)
        full = CliRunner().invoke(app, arguments(disk, "out", runner))
        if full.exit_code == 0:
            break
        assert full.exit_code == 1
        (error,) = (line for line in full.stderr.splitlines() if "error" in line)
        assert "cannot be written" in error
        assert "No space left on device" in error
        assert "free some space" in error
        assert "Traceback" not in full.output
        finished.append(assert_whole(disk))
    assert len(finished) >= 2, "the disk was full at least twice, with other amounts of work done"
    assert finished[-1] > 0
    (disk / "ballast").unlink()
    again = CliRunner().invoke(app, arguments(disk, "out", runner))
    assert again.exit_code == 0, again.output
    assert rows(disk, "out") == undisturbed
    assert list((disk / "store" / "work").iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_full_disk_ends_the_command_without_a_traceback(disk: Path) -> None:
    leave(disk, 60)
    full = subprocess.run([*TOMBOLA, *arguments(disk, "out")], capture_output=True, text=True, check=False)
    assert full.returncode == 1
    (error,) = (line for line in full.stderr.splitlines() if "error" in line)
    assert error.startswith("error: the store ")
    assert "Traceback" not in full.stderr + full.stdout


@pytest.mark.slow
def test_a_read_only_store_is_one_error_and_what_is_finished_can_be_used(disk: Path, undisturbed: bytes) -> None:
    begun = CliRunner().invoke(app, [*arguments(disk, "out"), "--set", "prior=natural"])
    assert begun.exit_code == 0, begun.output
    assert _mount("-o", "remount,ro", str(disk))
    refused = CliRunner().invoke(app, arguments(disk, "out"))
    assert refused.exit_code == 1
    (error,) = (line for line in refused.stderr.splitlines() if "error" in line)
    assert "cannot be written" in error
    assert "Read-only file system" in error
    assert assert_whole(disk) == 7
    planned = CliRunner().invoke(app, ["plan", str(disk.parent / "toy.yaml"), "--store", str(disk / "store")])
    assert planned.exit_code == 0
    known = CliRunner().invoke(app, [*arguments(disk, "half"), "--set", "prior=natural"])
    assert known.exit_code == 0, "a study whose stages are all there needs no writing"
    assert _mount("-o", "remount,rw", str(disk))
    again = CliRunner().invoke(app, arguments(disk, "out"))
    assert again.exit_code == 0, again.output
    assert rows(disk, "out") == undisturbed
