"""What a worker of a Ray cluster does: one stage, on whatever node Ray chose for it."""

import os
import pickle
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

from tombola.errors import StoreError
from tombola.fitting.freed import keep_freed
from tombola.fitting.session import Session
from tombola.study.runners._base import Failure
from tombola.study.runners._worker import Done, Message, Relay, outcome_of
from tombola.study.stage import Stage
from tombola.study.store import Store

LEFT_OUT: Final = "left out"
_ARRIVAL_SECONDS: Final = 5.0


class Mail:
    """Progress on its way to the driver. A message that is lost costs a line on a display, never a stage."""

    def __init__(self, box: Any, number: int = 0) -> None:
        self._box = box
        self._number = number

    def of(self, key: str) -> "Mail":
        """For the worker of one stage: its bars carry the stage's number, as two nodes' processes may share theirs."""
        return Mail(self._box, number_of(key))

    def put(self, message: Message | None) -> None:
        """Send one, and wait for nothing."""
        if message is not None and message[0] != "note":
            kind, (_process, count), *rest = message
            name = (self._number, count)
            if kind == "open":  # the bar of an attempt that died
                self._send(("close", name))
            message = (kind, name, *rest)
        self._send(message)

    def get(self) -> Message | None:
        """Wait for one; None when none will come any more."""
        import ray

        try:
            return cast("Message | None", ray.get(self._box.get.remote()))
        except Exception:  # the box's node died, or Ray was shut down
            return None

    def arrived(self) -> None:
        """Wait until what this process sent is there, so that the last line of a stage is shown before its end."""
        import ray

        with suppress(Exception):
            ray.get(self._box.qsize.remote(), timeout=_ARRIVAL_SECONDS)  # calls of one process are answered in order

    def _send(self, message: Message | None) -> None:
        with suppress(Exception):
            self._box.put_nowait.remote(message)


def number_of(key: str) -> int:
    """What the bars of a stage are called by."""
    return int(key[:12], 16)


@dataclass(frozen=True)
class Job:
    """What is the same for all stages of a run. ``sign`` is what a store in a folder is known by.

    ``environment`` holds where a node that has no such variable itself; ``folder`` is where paths of a study begin.
    """

    place: str
    sign: str
    device: str
    threads: int
    mail: Mail
    environment: Mapping[str, str]
    folder: str

    def store(self) -> Store:
        """The store as this node sees it; `StoreError` when it is another one."""
        store = _store(self.place)
        store.require_sign(self.sign)
        return store

    def session(self, key: str, device: str | None = None) -> Session:
        """Where a stage works: on this node's device, telling the driver."""
        keep_freed()
        relay = Relay(cast("Any", self.mail.of(key)))
        return Session(device=device or self.device, reporter=relay)


def work(job: Job, stage: bytes, *inputs: Done) -> Done:
    """Make a stage whose inputs are made; an error of the stage or the store is a value, so Ray tries it only once."""
    if any(not finished(done) for done in inputs):
        return Done(LEFT_OUT)
    return attempt(job, stage, lambda found, store: store.make(found, job.session(found.key)))


def attempt(job: Job, stage: bytes, make: Callable[[Stage, Store], str]) -> Done:
    """What became of ``make(stage, store)``."""
    for name, value in job.environment.items():
        os.environ.setdefault(name, value)
    with suppress(OSError):
        os.chdir(job.folder)
    try:
        store = job.store()
        found: Stage = pickle.loads(stage)
    except StoreError as error:
        return Done(store_error=str(error))
    except Exception as error:  # a class that this node's Python does not have
        message = f"{type(error).__name__}: {error}; the same packages and files must be on every node"
        return Done(failure=Failure("", message))
    try:
        return outcome_of(found, store, job.threads, make)
    finally:
        job.mail.arrived()


def finished(done: Done) -> bool:
    """Whether what is made from a stage may run."""
    return done.how in ("made", "cached")


@cache
def _store(place: str) -> Store:
    return Store.at(place)
