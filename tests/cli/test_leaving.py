"""A process that leaves says what it had to say and hands over its code; what it loaded is not taken apart."""

import subprocess
import sys

import pytest

_SHOWN = """
import atexit, sys, threading, time
from tombola.cli.leaving import leave
class Loaded:
    def __del__(self): print("taken apart")
sys.modules["torch"] = sys  # as if it were loaded
kept = Loaded()
atexit.register(print, "registered")
print("printed")
{more}
leave(SystemExit({code}))
print("returned")
"""


def said(code: str = "0", more: str = "") -> tuple[int, list[str]]:
    done = subprocess.run([sys.executable, "-c", _SHOWN.format(code=code, more=more)], capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(("code", "given"), [("0", 0), ("3", 3), ("None", 0)])
def test_it_ends_with_its_code_and_all_it_printed(code: str, given: int) -> None:
    assert said(code) == (given, ["printed", "registered"])


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("0", "del sys.modules['torch']"),
        ("'a message'", ""),
        ("0", "threading.Thread(target=time.sleep, args=(0.02,)).start()"),
    ],
)
def test_python_ends_what_it_has_to(code: str, more: str) -> None:
    assert said(code, more)[1] == ["printed", "returned", "registered", "taken apart"]
