"""A stage worked by several processes together: each does all of it, and its trainings share their batches.

What is written counts in the first process only; the others write aside, and what they wrote must be the same. A runner
asks `shards_of` how many processes a stage can use, and calls `work_on_ranks` in place of ``stage.work``; where
something else sets up the processes (Ray Train, torchrun), `work_here` is what each of them calls.
"""

import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors.torch import load_file

from tombola.fitting.devices import plain_float32
from tombola.fitting.launching import run_on_ranks
from tombola.fitting.ranks import ranks_for
from tombola.fitting.session import Session, Silent
from tombola.fitting.starting import starting
from tombola.fitting.trainings import trainings
from tombola.models.digest import tensors_digest
from tombola.study.runners._listening import Listening
from tombola.study.runners._worker import Relay
from tombola.study.stage import MODEL, TICKET, Stage
from tombola.tickets.ticket import Ticket


def shards_of(stage: Stage) -> int:
    """How many processes can share a stage: the smallest ``shards`` above 1 of its trainings, or 1."""
    found = trainings(stage) if stage.trains else ()
    return min((fit.shards for fit in found if fit.shards > 1), default=1)


def processes_for(stage: Stage, available: int) -> int:
    """How many of ``available`` processes (or GPUs) a stage is shared by: a power of two."""
    return min(shards_of(stage), 1 << (max(1, available).bit_length() - 1))


def work_here(stage: Stage, folders: Mapping[str, Path], out: Path, session: Session) -> None:
    """This process's part of a stage, called alike by all of a process group; ``out`` is the first one's.

    Only the first reads and writes checkpoints and reports progress. Raises `StageError` in all of them when their
    networks or masks differ at the end. What is not shared, as a drawing, each does, and the first one's is left.
    """
    ranks = ranks_for(shards_of(stage))
    first = not (dist.is_available() and dist.is_initialized()) or dist.get_rank() == 0
    aside = nullcontext(str(out)) if first else tempfile.TemporaryDirectory(prefix="tombola-aside-")
    with aside as place, plain_float32():
        session = session if first else replace(session, folder=None, reporter=Silent())
        stage.work(folders, Path(place), session)
        ranks.require_same("the network or the masks they are to leave", _digest(Path(place)))


def work_on_ranks(
    stage: Stage,
    folders: Mapping[str, Path],
    out: Path,
    session: Session,
    count: int,
    *,
    threads: int = 1,
    timeout: float = 1800.0,
) -> None:
    """``stage.work`` by ``count`` new processes of this machine: on GPUs when the session's device is one, else gloo.

    Its errors are raised here, and its progress is told to the session's reporter.
    """
    cuda = session.device.startswith("cuda") or (session.device == "auto" and torch.cuda.is_available())
    messages: Any = starting(__name__).Queue()
    work = partial(_in_new_process, stage, dict(folders), out, session.folder, session.path, messages, cuda)
    with Listening(messages, session.reporter):
        run_on_ranks(work, count, "nccl" if cuda else "gloo", threads=threads, timeout=timeout)
    messages.close()


def _in_new_process(
    stage: Stage, folders: dict[str, Path], out: Path, kept: Path | None, path: Any, messages: Any, cuda: bool
) -> None:
    reporter = Relay(messages) if dist.get_rank() == 0 else Silent()
    work_here(stage, folders, out, Session(kept, "cuda" if cuda else "cpu", reporter, path))


def _digest(folder: Path) -> str:
    """Of the network, or of the masks, that a stage left in a folder."""
    if (folder / TICKET).exists():
        return Ticket.load(folder / TICKET).masks.digest()
    return tensors_digest(load_file(folder / MODEL)) if (folder / MODEL).exists() else ""
