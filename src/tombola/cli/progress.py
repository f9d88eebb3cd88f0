"""Progress on stderr: bars with rate, ETA and loss on a terminal; a line now and then in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tombola.cli.output import QUIET
from tombola.cli.settings import named
from tombola.cli.tracking import TRACKED
from tombola.fitting.session import Bar, Reporter, Silent

LOG_EVERY_SECONDS = 20.0


def reporter() -> Reporter:
    """Bars when stderr is a terminal, log lines otherwise; none with ``--quiet``; and those of ``--track``."""
    shown = _shown()
    if not TRACKED.get():
        return shown
    from tombola.fitting.tracking import Tracking

    return Tracking(*(named(text, "--track") for text in TRACKED.get()), beside=shown)


def _shown() -> Reporter:
    if QUIET.get():
        return Silent()
    return Bars() if sys.stderr.isatty() else Lines()


class Bars:
    """Rich progress bars; nested tasks stack."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._open = 0

    @contextmanager
    def task(self, title: str, total: int, done: int) -> Iterator[Bar]:
        """A bar while the block runs."""
        if self._open == 0:
            self._progress.start()
        self._open += 1
        task = self._progress.add_task(title, total=total, completed=done, rate="", loss="")
        try:
            yield _RichBar(self._progress, task)
        finally:
            self._progress.remove_task(task)
            self._open -= 1
            if self._open == 0:
                self._progress.stop()

    def note(self, text: str) -> None:
        """A line above the bars."""
        self._progress.console.print(text, highlight=False, markup=False)


class _RichBar(Bar):
    def __init__(self, progress: Any, task: Any) -> None:
        self._progress = progress
        self._task = task
        self._meter = _Meter()

    def advance(self, steps: int, *, samples: int, loss: float | None) -> None:
        rate = f"{self._meter.add(samples):,.0f} images/s" if samples else ""
        shown = f"loss {loss:.3f}" if loss is not None else ""
        self._progress.update(self._task, advance=steps, rate=rate, loss=shown)


class Lines:
    """Plain lines for logs: one every twenty seconds, one a note."""

    @contextmanager
    def task(self, title: str, total: int, done: int) -> Iterator[Bar]:
        """Lines while the block runs."""
        yield _LineBar(title, total, done)

    def note(self, text: str) -> None:
        """A line."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201  the log is stderr


class _LineBar(Bar):
    def __init__(self, title: str, total: int, done: int) -> None:
        self._title = title
        self._total = total
        self._done = done
        self._first = done
        self._meter = _Meter()
        self._last = time.monotonic()

    def advance(self, steps: int, *, samples: int, loss: float | None) -> None:
        self._done += steps
        rate = self._meter.add(samples)
        now = time.monotonic()
        if now - self._last < LOG_EVERY_SECONDS:
            return
        self._last = now
        left = self._meter.seconds * (self._total - self._done) / max(self._done - self._first, 1)
        parts = [f"{self._title}: {self._done}/{self._total}"]
        # Stages differ a hundredfold in length, so only what counts images can say when it ends.
        parts += [f"{rate:,.0f} images/s", f"{left:.0f} s left"] if samples else []
        parts += [f"loss {loss:.3f}"] if loss is not None else []
        print(", ".join(parts), file=sys.stderr, flush=True)  # noqa: T201  the log is stderr


class _Meter:
    """Samples per second since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._samples = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def add(self, samples: int) -> float:
        self._samples += samples
        return self._samples / max(self.seconds, 1e-9)
