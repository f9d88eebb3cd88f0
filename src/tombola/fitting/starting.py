"""How this package starts processes of its own: forked from one that has loaded torch, not each loading it anew.

That one (multiprocessing's fork server) is started with the first of them and only imports: it has no threads at work
and no GPU, so forking it is safe, which forking the caller would not be. It ends with the process that started it.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from typing import Final, Literal

METHOD: Final[Literal["forkserver", "spawn"]] = "forkserver" if sys.platform == "linux" else "spawn"
"""On macOS system libraries do not survive a fork, and Windows knows none: there each process starts from nothing."""

_BEFORE_STEPS: Final = "torch._dynamo"
"""What torch's optimizers load at their first step, two to three seconds of the processor; it asks for no GPU."""


def starting(module: str) -> BaseContext:
    """What starts processes in which ``module`` is loaded; of several asked for in one program, the first one is."""
    context = get_context(METHOD)
    if METHOD == "forkserver":
        from multiprocessing.forkserver import ensure_running
        from multiprocessing.resource_tracker import ensure_running as ensure_tracked

        context.set_forkserver_preload([module, _BEFORE_STEPS])
        ensure_tracked()  # starting it makes interrupts heard again
        with unheard():
            ensure_running()
    return context


@contextmanager
def unheard() -> Iterator[None]:
    """Processes started inside hear no Ctrl-C: the terminal sends it to all, and their parent is the one that acts.

    Here it is heard when the block ends, however often it came.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    with _put_off():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _put_off() -> Iterator[None]:
    """A Ctrl-C that another thread of this process took is heard when the block ends: a mask is one thread's alone."""
    if threading.current_thread() is not threading.main_thread():  # Python interrupts no other
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


def take_environment(given: Mapping[str, str]) -> None:
    """Give this process the variables of the one that asked for it; the fork server has those it began with."""
    os.environ.clear()
    os.environ.update(given)
