"""Which cores a process may run on."""

import os
from collections.abc import Sequence
from typing import Final

from tombola.errors import RequestError

_MOST: Final = 65_536
_CAN: Final = hasattr(os, "sched_setaffinity")


def cores(text: str) -> tuple[int, ...]:
    """``"0,2-3"`` as ``(0, 2, 3)``; raises `RequestError` for anything that is no list of cores."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        ends = [first, last] if dash else [first]
        if not all(end.isdecimal() and int(end) < _MOST for end in ends) or int(ends[0]) > int(ends[-1]):
            raise RequestError(f"--pin {text}: is no list of cores; write --pin 0, --pin 0,1 or --pin 0-3")
        found.update(range(int(ends[0]), int(ends[-1]) + 1))
    return tuple(sorted(found))


def checked(text: str | None, threads: int) -> tuple[int, ...]:
    """`cores`, none for no text. A `RequestError` where the machine cannot pin or lacks cores for the threads."""
    if threads > (here := len(os.sched_getaffinity(0)) if _CAN else os.cpu_count() or 1):
        raise RequestError(f"--threads {threads}: there are {here} cores, and more threads than cores only wait")
    if text is None:
        return ()
    if not _CAN:
        raise RequestError("--pin: this system cannot bind a process to cores; leave it out")
    wanted, allowed = cores(text), sorted(os.sched_getaffinity(0))
    lacking = [core for core in wanted if core not in allowed]
    if lacking:
        raise RequestError(f"--pin {text}: no core {lacking[0]} here; the cores are {', '.join(map(str, allowed))}")
    if len(wanted) < threads:
        raise RequestError(f"--pin {text}: too few cores for {threads} threads; name at least as many")
    return wanted


def pin(wanted: Sequence[int]) -> None:
    """Bind this process, and every thread it starts from now on, to these cores."""
    os.sched_setaffinity(0, wanted)
