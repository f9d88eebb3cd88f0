"""Run the command line as a user would, in a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.repros.finding import expect


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str


def tombola(*words: str, folder: Path, seconds: float = 120) -> Said:
    """``tombola WORDS`` in ``folder``; an AssertionError where it prints a Python traceback or takes longer."""
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore", "COLUMNS": "200"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tombola", *words],
            cwd=folder, env=quiet, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise AssertionError(f"tombola {' '.join(words)[:80]} took more than {seconds:g} s") from None
    expect("Traceback (most recent call last)" not in done.stderr, f"a traceback: {done.stderr[-300:]}")
    return Said(done.returncode, done.stdout, done.stderr)


def refused(said: Said, *words: str, code: int = 2) -> str:
    """Its one clear error: the exit code is ``code``, the words stand in it, and it is short."""
    text = " ".join(said.err.split())
    expect(said.code == code, f"exit code {said.code}, not {code}: {text[-200:]}")
    expect(len(said.err) < 3000, f"an error of {len(said.err)} characters")
    for word in words:
        expect(word in text, f"no {word!r} in: {text[-200:]}")
    return text[:120]
