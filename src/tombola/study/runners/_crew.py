"""How many worker processes a machine bears, and which devices they are put on.

A process is reckoned to need what its parent holds by then (torch, and the data sets it has checked) and half a
gigabyte to train in, and on a GPU two gigabytes; options say otherwise. What does not fit is not started.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tombola.study.runners._resources import (
    available_cores,
    available_memory,
    devices_of,
    gpu_memory,
    resident_memory,
)

GIGABYTE: Final = 10**9
_TO_TRAIN_IN: Final = GIGABYTE // 2
_ON_A_GPU: Final = 2 * GIGABYTE


@dataclass(frozen=True)
class Crew:
    """So many workers, the first on the first device, and round again."""

    count: int
    devices: tuple[str, ...]


def crew(
    asked: int | None,
    device: str,
    *,
    threads: int,
    stages: int,
    memory: float | None,
    gpu: float | None,
    note: Callable[[str], None],
) -> Crew:
    """As many workers as are asked for, None meaning one a core or a GPU; fewer where memory is short, which is told.

    ``memory`` and ``gpu`` are the gigabytes that each is reckoned to need, None for the rule above.
    """
    devices, on_gpus = _placed(device, int(gpu * GIGABYTE) if gpu else _ON_A_GPU)
    usual = len(devices) if device.startswith("cuda") else max(1, available_cores() // threads)
    wanted = min(asked or usual, stages)
    limits = [limit for limit in (_in_memory(memory), on_gpus) if limit is not None and limit.count < wanted]
    count = max(1, min([wanted, *(limit.count for limit in limits)]))
    if count < wanted:
        note(f"processes: {count} instead of {wanted}: {'; '.join(limit.why for limit in limits)}")
    return Crew(count, tuple(devices))


@dataclass(frozen=True)
class _Limit:
    """The most workers, and why."""

    count: int
    why: str


def _in_memory(gigabytes: float | None) -> _Limit | None:
    free = available_memory()
    if free is None:
        return None
    need = int(gigabytes * GIGABYTE) if gigabytes else resident_memory() + _TO_TRAIN_IN
    return _Limit(
        free // need, f"{_gb(free)} of memory are free and each is reckoned to need {_gb(need)} (option memory)"
    )


def _placed(device: str, need: int) -> tuple[Sequence[str], _Limit | None]:
    """The devices a worker fits on, and how many workers fit on them in turn, None where that is not known."""
    devices = devices_of(device)
    if not device.startswith("cuda"):
        return devices, None
    try:
        rooms = [free // need for free in gpu_memory(devices)]
    except (RuntimeError, AssertionError):  # no such device: the stage that asks for it says so
        return devices, None
    left = [name for name, room in zip(devices, rooms, strict=True) if room]
    count = len(left) * min((room for room in rooms if room), default=0)
    return left or devices, _Limit(count, f"the GPUs have room for {count} of {_gb(need)} (option gpu_memory)")


def _gb(count: int) -> str:
    return f"{count / GIGABYTE:.1f} GB"
