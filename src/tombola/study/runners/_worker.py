"""What a worker process does: stages one after the other, until its parent is done with it, or gone."""

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import Synchronized
from typing import Any, TypeAlias

from tombola.errors import StoreError
from tombola.fitting.freed import keep_freed
from tombola.fitting.session import Bar, Session
from tombola.fitting.starting import take_environment
from tombola.spec import Json
from tombola.study.runners._base import Failure, failure, torch_threads
from tombola.study.stage import Stage
from tombola.study.store import Store

Message: TypeAlias = tuple[Any, ...]
_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Done:
    """What became of a stage: ``made``, ``cached``, ``busy`` elsewhere, or why not; errors travel as text."""

    how: str = ""
    failure: Failure | None = None
    store_error: str = ""


class _Here:
    threads: int
    store: Store
    session: Session


def begin(
    environment: Mapping[str, str],
    store: Store,
    devices: Sequence[str],
    threads: int,
    numbers: "Synchronized[int]",
    messages: "Queue[Message]",
    alive: Connection,
) -> None:
    """Make this process a worker, on the device whose turn it is; ``numbers`` counts the workers.

    ``alive`` is a pipe that ends when the parent does, however it ends.
    """
    take_environment(environment)
    keep_freed()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which then ends us
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
    messages.cancel_join_thread()
    _Here.threads = threads
    _Here.store = store
    with numbers.get_lock():
        number = numbers.value
        numbers.value += 1
    _Here.session = Session(device=devices[number % len(devices)], reporter=Relay(messages))


def do(stage: Stage) -> Done:
    """Run a stage; never raises."""
    return outcome_of(stage, _Here.store, _Here.threads, lambda found, store: store.try_make(found, _Here.session))


def outcome_of(stage: Stage, store: Store, threads: int, make: Callable[[Stage, Store], str]) -> Done:
    """What became of ``make(stage, store)`` with so many of torch's threads; never raises."""
    try:
        with torch_threads(threads):
            return Done(make(stage, store))
    except StoreError as error:
        return Done(store_error=str(error))
    except Exception as error:
        return _failed(stage, error, traceback.format_exc(), store)


def _failed(stage: Stage, error: Exception, trace: str, store: Store) -> Done:
    try:
        return Done(failure=failure(stage, error, trace, store))
    except StoreError as unwritable:
        return Done(store_error=str(unwritable))


def _end_with(alive: Connection) -> None:
    try:
        alive.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)


class Relay:
    """A reporter that sends what it is told to the parent's, a few times a second."""

    def __init__(self, messages: "Queue[Message]") -> None:
        self._messages = messages
        self._count = 0

    @contextmanager
    def task(self, title: str, total: int, done: int) -> Iterator[Bar]:
        """A bar at the parent's while the block runs."""
        self._count += 1
        name = (os.getpid(), self._count)
        self._messages.put(("open", name, title, total, done))
        bar = _RelayBar(self._messages, name)
        try:
            yield bar
        finally:
            bar.flush()
            self._messages.put(("close", name))

    def note(self, text: str) -> None:
        """A line at the parent's."""
        self._messages.put(("note", text))


class _RelayBar(Bar):
    def __init__(self, messages: "Queue[Message]", name: tuple[int, int]) -> None:
        self._messages = messages
        self._name = name
        self._steps = self._samples = 0
        self._loss: float | None = None
        self._sent = time.monotonic()

    def advance(self, steps: int, *, samples: int, loss: float | None) -> None:
        self._steps += steps
        self._samples += samples
        self._loss = loss
        if time.monotonic() - self._sent > _EVERY_SECONDS:
            self.flush()

    def about(self, options: Mapping[str, Json]) -> None:
        self._messages.put(("about", self._name, dict(options)))

    def found(self, numbers: Mapping[str, float]) -> None:
        self.flush()  # what was found belongs to a step
        self._messages.put(("found", self._name, dict(numbers)))

    def flush(self) -> None:
        if self._steps:
            self._messages.put(("advance", self._name, self._steps, self._samples, self._loss))
        self._steps = self._samples = 0
        self._sent = time.monotonic()
