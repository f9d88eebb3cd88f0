"""Ctrl-C, whenever it comes, ends in one line and exit code 3; processes that are being started hear nothing of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tombola.cli import listing
from tombola.cli.main import app
from tombola.fitting.starting import unheard


def test_a_command_that_is_interrupted_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(word: str) -> dict[str, str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "_cards", interrupted)
    result = CliRunner().invoke(app, ["list", "schemes"])
    assert result.exit_code == 3
    assert result.stderr == "interrupted; what was finished is kept, the same command continues\n"


@pytest.fixture
def _heard() -> Iterator[None]:
    """Ctrl-C raises, whatever a command that was run before in this process left."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heard")
def test_an_interrupt_waits_until_processes_are_started() -> None:
    reached: list[bool] = []

    def started() -> None:
        with unheard():
            os.kill(os.getpid(), signal.SIGINT)
            reached.append(True)

    with pytest.raises(KeyboardInterrupt):
        started()
    assert reached


def _heeding() -> None:
    """A shell starts what runs in its background deaf to Ctrl-C, and so this suite and all its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.3, 1.0, 2.5, 6.0])
def test_a_run_in_processes_is_interrupted_without_a_trace(tmp_path: Path, after: float) -> None:
    words = [sys.executable, "-m", "tombola", "run", "demo", "--runner", "processes:2"]
    process = subprocess.Popen(
        words, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=_heeding
    )
    time.sleep(after)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said
    assert process.returncode in (3, -signal.SIGINT)  # where no Python runs, the system ends it
