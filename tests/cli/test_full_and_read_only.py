"""Every command that writes, on a disk that is full and on one that is read-only: both real, mounted for the test."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tombola.cli.main import app

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NET = ["resnet8", "--set", "model.width=0.25"]
SHORT = ["--set", "task.num_train=60"]


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a self-contained ticket."""
    folder = tmp_path_factory.mktemp("beside")
    made = said("draw", *NET, "--self-contained", "-o", str(folder / "t.ticket"))
    assert made[0] == 0, made[1]
    return folder


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes in memory, since root may write where permissions forbid it."""
    place = tmp_path / "disk"
    place.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)):
        pytest.skip("this user may not mount a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def mount(*arguments: str) -> bool:
    found = shutil.which("mount")
    return found is not None and subprocess.run([found, *arguments], capture_output=True, check=False).returncode == 0


def said(*words: str) -> tuple[int, str]:
    """The exit code and what stands on stderr; an exception that is not ours is raised here."""
    done = CliRunner().invoke(app, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stderr


COMMANDS = {
    "pretrain": ["pretrain", *NET, *SHORT, "--task", "digits", "--set", "epochs=2it", "-o", "DISK/m.safetensors"],
    "draw": ["draw", *NET, "--self-contained", "-o", "DISK/t.ticket"],
    "transfer": [
        "transfer", "BESIDE/t.ticket", *SHORT, "--task", "digits", "--set", "fit.epochs=2it", "-o", "DISK/a.ticket",
    ],
    "state_dict": ["export", "BESIDE/t.ticket", "--to", "state_dict", "-o", "DISK/s.safetensors"],
    "shrink": ["export", "BESIDE/t.ticket", "--to", "shrink", "-o", "DISK/s.ticket"],
    "native": ["export", "BESIDE/t.ticket", "--to", "native", "-o", "DISK/net"],
}  # fmt: skip


def command(name: str, disk: Path, beside: Path) -> list[str]:
    return [word.replace("DISK", str(disk)).replace("BESIDE", str(beside)) for word in COMMANDS[name]]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_one_error_and_leaves_nothing(name: str, disk: Path, beside: Path) -> None:
    (disk / "ballast").write_bytes(bytes(shutil.disk_usage(disk).free - 4096))
    code, error = said(*command(name, disk, beside))
    assert code == 1, error
    assert error.count("error:") == 1
    assert "No space left on device; free some space or choose another place" in error
    left = [path.name for path in disk.iterdir() if not path.name.startswith(f".{Path(COMMANDS[name][-1]).name}.")]
    assert left == ["ballast"], "beside what a training continues from"
    (disk / "ballast").unlink()
    assert said(*command(name, disk, beside))[0] == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_a_read_only_disk_is_refused_before_the_work(name: str, disk: Path, beside: Path) -> None:
    assert mount("-o", "remount,ro", str(disk))
    code, error = said(*command(name, disk, beside))
    assert code == 2, error
    assert error.splitlines()[-1] == f"error: the folder {disk} cannot be written to; choose another place"
    assert list(disk.iterdir()) == []


def test_results_in_a_read_only_folder_are_refused_before_the_work(disk: Path) -> None:
    assert mount("-o", "remount,ro", str(disk))
    code, error = said("run", "demo", "--out", str(disk / "runs"), "--store", str(disk.parent / "store"))
    assert (code, error) == (2, f"error: the folder {disk} cannot be written to; choose another place\n")
    assert not (disk.parent / "store").exists()
