"""`run_on_ranks`: a function called in several processes of this machine that form a process group.

The processes are started by torch.multiprocessing, which also ends them with the one that started them. They meet in a
file of a temporary folder, so no port is chosen that another program could take first; on the CPU they talk by gloo
over loopback, on GPUs by NCCL, one GPU a process.
"""

import os
import pickle
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import start_processes

from tombola.errors import OptionError, StageError, TombolaError
from tombola.fitting.freed import keep_freed
from tombola.fitting.ranks import as_told
from tombola.fitting.starting import METHOD, starting, take_environment

T = TypeVar("T")
Backend: TypeAlias = Literal["gloo", "nccl"]

_LOOPBACK: Final = ("lo", "lo0")
_GRACE: Final = 5.0


@dataclass(frozen=True)
class _Report:
    """How a process ended: with a result, or with an error and when."""

    result: Any = None
    error: type[TombolaError] | None = None
    text: str = ""
    trace: str = ""
    at: float = 0.0


def run_on_ranks(
    function: Callable[[], T],
    count: int,
    backend: Backend = "gloo",
    *,
    threads: int = 1,
    timeout: float = 1800.0,
) -> list[T]:
    """What ``function`` gives in each of ``count`` new processes, in the order of their ranks.

    ``function`` must be picklable: a function of a module, or a `functools.partial` of one. When one process fails or
    dies the others are ended, and what it failed of is raised here: that Tombola error, or a `StageError`. A process
    that waits for another longer than ``timeout`` seconds fails. With ``backend="nccl"`` process i has GPU i, as the
    device "cuda". ``threads`` are torch's, of each.
    """
    if backend == "nccl" and count > torch.cuda.device_count():
        raise OptionError(
            "processes", [f"{count} processes need {count} GPUs and there are {torch.cuda.device_count()}"]
        )
    context = starting(__name__)
    pipes = [context.Pipe(duplex=False) for _ in range(count)]
    ours, theirs = [pipe[0] for pipe in pipes], [pipe[1] for pipe in pipes]
    with tempfile.TemporaryDirectory(prefix="tombola-ranks-") as folder:
        arguments = (dict(os.environ), function, count, backend, threads, timeout, Path(folder) / "meet", theirs)
        start: Any = start_processes  # torch leaves it untyped
        started = start(_work, arguments, nprocs=count, join=False, start_method=METHOD)
        try:
            return [report.result for report in _all_reports(started.processes, ours)]
        finally:
            _end(started.processes)
            for connection in [*ours, *theirs]:
                connection.close()


def _all_reports(processes: Sequence[Any], pipes: Sequence[Connection]) -> list[_Report]:
    """Every process's report; raises the first failure."""
    reports: dict[int, _Report] = {}
    while len(reports) < len(processes):
        open_ = [index for index in range(len(processes)) if index not in reports]
        wait([*(pipes[index] for index in open_), *(processes[index].sentinel for index in open_)])
        for index in open_:
            dead = not processes[index].is_alive()  # asked first: what it sent before it died is in the pipe
            if pipes[index].poll():
                reports[index] = pickle.loads(pipes[index].recv_bytes())
            elif dead:
                reports[index] = _Report(error=StageError, text=_death(processes[index].exitcode))
        _raise_first(reports, len(processes))
    return [reports[index] for index in range(len(processes))]


def _raise_first(reports: dict[int, _Report], count: int) -> None:
    """The failure that came first is the cause: others fail because it no longer answers. A silent death was first."""
    failed = {index: report for index, report in reports.items() if report.error is not None}
    if not failed:
        return
    index = min(failed, key=lambda each: failed[each].at)
    report = failed[index]
    assert report.error is not None
    error = report.error(f"process {index} of {count}: {report.text}")
    if report.trace:
        error.add_note(report.trace)
    raise error


def _death(code: int) -> str:
    why = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    return f"it ended {why} without a word: killed, or out of memory; the same command continues"


def _end(processes: Sequence[Any]) -> None:
    """Wait for processes that finish, and end those that do not."""
    wanted = time.monotonic() + _GRACE
    if sys.exc_info()[0] is not None:
        for process in processes:
            process.terminate()
    for process in processes:
        process.join(max(0.0, wanted - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


# In the new process -------------------------------------------------------------------------------------------------


def _work(
    rank: int,
    environment: Mapping[str, str],
    function: Callable[[], object],
    count: int,
    backend: Backend,
    threads: int,
    timeout: float,
    meet: Path,
    pipes: Sequence[Connection],
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C, and the parent's death, end it even while it waits in C++
    try:
        take_environment(environment)
        keep_freed()
        torch.set_num_threads(threads)
        _join_group(rank, count, backend, timeout, meet)
        report = pickle.dumps(_Report(function()))  # whole: torch would share tensors with a process that is gone
        dist.barrier()
        pipes[rank].send_bytes(report)
    except BaseException as error:
        kind, text = as_told(error)
        pipes[rank].send_bytes(pickle.dumps(_Report(None, kind, text, traceback.format_exc(), time.monotonic())))
        os._exit(1)  # at once: a process group is not left in good order while others still wait in it
    dist.destroy_process_group()


def _join_group(rank: int, count: int, backend: Backend, timeout: float, meet: Path) -> None:
    if backend == "nccl":
        torch.cuda.set_device(rank)
    if loopback := [name for _, name in socket.if_nameindex() if name in _LOOPBACK]:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback[0])  # else gloo asks what this machine's name stands for
    dist.init_process_group(
        backend, init_method=meet.as_uri(), rank=rank, world_size=count, timeout=timedelta(seconds=timeout)
    )
