"""Processes are forked from one that has loaded torch, and see the environment of the one that asked for them."""

import os
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection

import pytest

from tombola.fitting import starting


def _tell(environment: Mapping[str, str], pipe: Connection) -> None:
    """Who started this process, whether torch and its optimizers' parts were there, what the environment says."""
    starting.take_environment(environment)
    pipe.send((os.getppid(), {"torch", "torch._dynamo"} <= {*sys.modules}, os.environ.get("TOMBOLA_TOLD")))


def told() -> tuple[int, bool, str | None]:
    """What a new process has to say."""
    context = starting.starting("tombola.fitting.launching")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(dict(os.environ), theirs))  # type: ignore[attr-defined]  # of each context
    process.start()
    found: tuple[int, bool, str | None] = ours.recv()
    process.join()
    ours.close()
    theirs.close()
    return found


@pytest.mark.slow
@pytest.mark.skipif(starting.METHOD != "forkserver", reason="processes cannot be forked here")
def test_two_processes_come_from_one_that_is_not_this() -> None:
    (first, loaded, _), (second, _, _) = told(), told()
    assert first == second != os.getpid()
    assert loaded


def test_a_variable_set_or_unset_since_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOMBOLA_TOLD", "first")
    assert told()[2] == "first"
    monkeypatch.setenv("TOMBOLA_TOLD", "second")
    assert told()[2] == "second"
    monkeypatch.delenv("TOMBOLA_TOLD")
    assert told()[2] is None
