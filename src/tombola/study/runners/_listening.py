"""The parent's side of progress: what workers send is shown by the parent's own reporter."""

import threading
from contextlib import ExitStack, suppress
from multiprocessing.queues import Queue
from typing import Any

from tombola.fitting.session import Bar, Reporter


class Listening:
    """Shows messages on ``reporter`` while the block runs, then closes every bar left open."""

    def __init__(self, messages: "Queue[Any]", reporter: Reporter) -> None:
        self._messages = messages
        self._reporter = reporter
        self._bars: dict[tuple[int, int], tuple[ExitStack, Bar]] = {}
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Listening":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._messages.put(None)
        self._thread.join(timeout=5)
        for stack, _bar in self._bars.values():
            stack.close()

    def close_of(self, pids: set[int]) -> None:
        """Forget the bars of processes that died."""
        for name in [name for name in list(self._bars) if name[0] in pids]:
            self._close(name)

    def _listen(self) -> None:
        while (message := self._messages.get()) is not None:
            self._show(*message)

    def _show(self, kind: str, *rest: Any) -> None:
        if kind == "note":
            self._reporter.note(*rest)
        elif kind == "open":
            name, title, total, done = rest
            stack = ExitStack()
            self._bars[name] = stack, stack.enter_context(self._reporter.task(title, total, done))
        elif kind == "advance" and rest[0] in self._bars:
            name, steps, samples, loss = rest
            self._bars[name][1].advance(steps, samples=samples, loss=loss)
        elif kind == "about" and rest[0] in self._bars:
            self._bars[rest[0]][1].about(rest[1])
        elif kind == "found" and rest[0] in self._bars:
            self._bars[rest[0]][1].found(rest[1])
        elif kind == "close":
            self._close(rest[0])

    def _close(self, name: tuple[int, int]) -> None:
        with suppress(KeyError):
            self._bars.pop(name)[0].close()
