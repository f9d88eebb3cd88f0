"""How much memory this process has taken. No torch here, nor anything else a loaded model would not need."""

import sys
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")


def now() -> int | None:
    """Bytes of memory this process has at the moment; None where the system does not say."""
    return _line("VmRSS")


def peak() -> int | None:
    """The most it ever had, in bytes; None where the system does not say."""
    found = _line("VmHWM")  # not ru_maxrss, which on Linux remembers the process that started this one
    return _from_rusage() if found is None else found


def _line(name: str) -> int | None:
    """A line ``VmHWM:     1234 kB`` of Linux's account."""
    try:
        text = _STATUS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return next((1024 * int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:")), None)


def _from_rusage() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    scale = 1 if sys.platform == "darwin" else 1024
    return scale * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
