"""`Tracking`: a reporter that hands the numbers of every training to trackers too."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, final

from tombola.fitting.session import Bar, Reporter, Silent
from tombola.fitting.trackers._base import Run, Tracker, dotted
from tombola.spec import Json


@final
class Tracking:
    """What ``beside`` shows, and what every training found, in one or several trackers.

    A tracker that lacks its package is refused at once. One that fails while a training runs is told of and left out
    from there: the training goes on. ``Session(reporter=Tracking("tensorboard:logs"))``.
    """

    def __init__(self, *trackers: Tracker | str | Mapping[str, Any], beside: Reporter | None = None) -> None:
        self._trackers = [Tracker.parse(tracker) for tracker in trackers]
        self._beside: Reporter = beside or Silent()
        for tracker in self._trackers:
            tracker.require()

    @contextmanager
    def task(self, title: str, total: int, done: int) -> Iterator[Bar]:
        """A bar as beside; a run of each tracker, if it turns out to be a training."""
        with self._beside.task(title, total, done) as shown:
            bar = _Tracked(shown, [_Kept(tracker, title, self.note) for tracker in self._trackers], done)
            try:
                yield bar
            except BaseException:
                bar.end(well=False)
                raise
            bar.end(well=True)

    def note(self, text: str) -> None:
        """As beside."""
        self._beside.note(text)


@final
class _Tracked(Bar):
    """A bar that counts the steps, and says what was found at which."""

    def __init__(self, shown: Bar, kept: "list[_Kept]", done: int) -> None:
        self._shown, self._kept, self._step = shown, kept, done

    def advance(self, steps: int, *, samples: int, loss: float | None) -> None:
        self._shown.advance(steps, samples=samples, loss=loss)
        self._step += steps
        if loss is not None:
            self._keep({"loss": loss})

    def about(self, options: Mapping[str, Json]) -> None:
        self._shown.about(options)
        for kept in self._kept:
            kept.tell(lambda run: run.made_with(dotted(options)))

    def found(self, numbers: Mapping[str, float]) -> None:
        self._shown.found(numbers)
        self._keep(numbers)

    def end(self, *, well: bool) -> None:
        """Every run that was begun ends."""
        for kept in self._kept:
            kept.end(well=well)

    def _keep(self, numbers: Mapping[str, float]) -> None:
        for kept in self._kept:
            kept.tell(lambda run: run.found(self._step, numbers))


@final
class _Kept:
    """A run of one tracker, begun with the first that there is to keep, until it fails or ends."""

    def __init__(self, tracker: Tracker, title: str, note: Callable[[str], None]) -> None:
        self._tracker, self._title, self._note = tracker, title, note
        self._run: Run | None = None
        self._failed = False

    def tell(self, what: Callable[[Run], None]) -> None:
        """Do this with the run; where it fails, say so and do nothing from there on."""
        if self._failed:
            return
        try:
            self._run = self._run or self._tracker.begin(self._title)
            what(self._run)
        except Exception as error:  # a tracker's own, of any kind
            self._failed = True
            reason = f"{type(error).__name__}: {str(error)[:200]}"
            self._note(f"tracker {self._tracker.name} failed and is left out of {self._title} from here: {reason}")

    def end(self, *, well: bool) -> None:
        """It ends, if it was begun."""
        if self._run is not None:
            self.tell(lambda run: run.end(well=well))
