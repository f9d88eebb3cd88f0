"""What a machine has to offer to worker processes: memory, cores and GPUs, as the system states them.

Memory is the least of what the kernel calls available and what the limits of the process's control groups leave (a
container's, a batch system's job's). Where nothing is stated, nothing is known, and nobody is held back.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import torch

_CGROUPS: Final = Path("sys/fs/cgroup")
_PAGES: Final = "SC_AVPHYS_PAGES"


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that new processes could take, None where the system does not say; ``root`` holds ``proc`` and ``sys``."""
    stated = _available(root)
    found = ([] if stated is None else [stated]) + list(_left_in_cgroups(root))
    return min(found, default=None)


def resident_memory() -> int:
    """Bytes this process holds; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def available_cores(root: Path = Path("/")) -> int:
    """Cores this process may use: those it is bound to, or fewer where a container's share is smaller."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _text(root / _CGROUPS / "cpu.max").partition(" ")
    if not (quota.isdigit() and period.isdigit() and int(period)):
        return bound
    return max(1, min(bound, int(quota) // int(period)))


def gpu_memory(devices: Sequence[str]) -> list[int]:
    """Free bytes of each CUDA device."""
    return [torch.cuda.mem_get_info(torch.device(name))[0] for name in devices]


def devices_of(device: str) -> list[str]:
    """The devices workers are put on in turn: every GPU there is for ``cuda``, else the one named."""
    if device != "cuda":
        return [device]
    return [f"cuda:{number}" for number in range(torch.cuda.device_count())] or [device]


def _available(root: Path) -> int | None:
    for line in _text(root / "proc" / "meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return 1024 * int(line.split()[1])
    if root != Path("/") or _PAGES not in getattr(os, "sysconf_names", {}):
        return None
    return int(os.sysconf(_PAGES)) * os.sysconf("SC_PAGE_SIZE")


def _left_in_cgroups(root: Path) -> Iterator[int]:
    """What every limit above this process leaves, of either version of control groups."""
    for line in _text(root / "proc" / "self" / "cgroup").splitlines():
        _, kinds, place = line.split(":", 2)
        if kinds == "":
            yield from _left(root / _CGROUPS, place, "memory.max", "memory.current", "inactive_file")
        elif "memory" in kinds.split(","):
            top = root / _CGROUPS / "memory"
            yield from _left(top, place, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _left(top: Path, place: str, limit: str, usage: str, cache: str) -> Iterator[int]:
    """From the process's own group up to the top; a container sees its own group as the top."""
    here = top / place.lstrip("/")
    for folder in (here, *here.parents):
        most, used = _text(folder / limit), _text(folder / usage)
        if most.isdigit() and used.isdigit():
            yield max(0, int(most) - int(used) + _stated(folder / "memory.stat", cache))
        if folder == top:
            return


def _stated(file: Path, name: str) -> int:
    """A number in a file of names and numbers; 0 where it is missing."""
    lines = (line.split() for line in _text(file).splitlines())
    return next((int(line[1]) for line in lines if len(line) == 2 and line[0] == name), 0)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
