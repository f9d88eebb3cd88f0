"""Folders of checkpoints beside an output file: they stay while there is work to go on with."""

from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.cli.work import checkpoints
from tombola.models import files

PRETRAIN: Final = ("pretrain", "resnet8", "--task", "digits", "--set", "epochs=2it", "--set", "batch=8")
NET: Final = "net.safetensors"


def worked(out: Path, error: type[BaseException] | None = None) -> None:
    """Work towards ``out`` that keeps something, and is ended by an error if one is given."""
    with checkpoints(out, 1) as folder:
        (folder / "step").touch()
        if error is not None:
            raise error


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_was_interrupted_keeps_its_checkpoints_with_an_older_file_there_too(
    tmp_path: Path, error: type[BaseException], there: bool
) -> None:
    if there:
        (tmp_path / NET).write_bytes(b"of the time before")
    with pytest.raises(error):
        worked(tmp_path / NET, error)
    assert [file.name for file in tmp_path.glob(".net*/*")] == ["step"]
    worked(tmp_path / NET)
    assert not list(tmp_path.glob(".net*")), "what is done needs none"


def test_what_failed_before_it_kept_anything_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), checkpoints(tmp_path / NET, 1):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_pretraining_that_is_to_overwrite_goes_on_after_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*what: object) -> None:
        raise KeyboardInterrupt

    command = [*PRETRAIN, "--overwrite", "-o", NET]
    (tmp_path / NET).write_bytes(b"of the time before")
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as here:
        here.setattr(files, "save_network", interrupted)
        assert CliRunner().invoke(app, command).exit_code == 3
    assert [file.name for file in tmp_path.glob(".net*/*")] == ["step-000000002.safetensors"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert [file.name for file in tmp_path.iterdir()] == [NET]
    assert len((tmp_path / NET).read_bytes()) > 1000
