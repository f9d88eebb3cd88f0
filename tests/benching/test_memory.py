"""The account of a process's memory."""

import subprocess
import sys

import pytest

from tombola.benching import memory

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux keeps this account")


@linux
def test_the_peak_remembers_what_is_gone() -> None:
    code = (
        "from tombola.benching import memory; before = memory.now();"
        "big = bytes(range(256)) * 200_000; del big;"
        "print(memory.peak() - before, memory.now() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    peak, now = map(int, done.stdout.split())
    assert peak > 45_000_000
    assert now < 20_000_000


@linux
def test_a_child_does_not_inherit_the_peak_of_a_large_parent() -> None:
    held = bytes(range(256)) * 800_000
    code = "from tombola.benching import memory; print(memory.peak())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < len(held) / 2


def test_a_system_without_the_account_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    monkeypatch.setattr(memory, "_STATUS", Path("not-there"))
    assert memory.now() is None
    peak = memory.peak()  # what getrusage says, where there is that
    assert peak is None or peak > 1_000_000
