"""`leave`: a process ends without taking apart what it has loaded.

Python takes every module apart on its way out. With torch loaded that is half a second of the processor, to free what
the system frees anyway.
"""

import atexit
import os
import sys
import threading


def leave(ended: SystemExit) -> None:
    """End this process: what is registered for its end runs, and what was printed is written.

    Returns where Python has to end it: torch is not loaded, a thread still works, or the output goes nowhere.
    """
    if "torch" not in sys.modules or not isinstance(ended.code, int | None) or _working():
        return
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # closed, or a full disk: Python says so in its own way
        return
    os._exit(ended.code or 0)


def _working() -> bool:
    """Whether Python would wait for a thread."""
    return any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate())
