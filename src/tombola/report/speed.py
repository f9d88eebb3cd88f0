"""What a study's benches say: every network in every engine, its time beside its accuracy, and the fastest in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tombola.report.axes import level
from tombola.report.curves import DENSE, Place, Results, Summary
from tombola.report.numbers import number, percent

_BENCH: Final = "bench"
_UNKNOWN: Final = "?"


@dataclass(frozen=True)
class Timed:
    """One network in one engine; its accuracy is that of the engine where that was asked, else the network's."""

    place: Place
    engine: str
    latency: Summary
    accuracy: Summary | None
    point: str
    """The name of the latency in the page."""

    @property
    def dense(self) -> bool:
        """Whether nothing is pruned."""
        return not self.place.sparsity and (self.place.sparsity is not None or self.place.colour == DENSE)


def timed(results: Results) -> list[Timed]:
    """In the order of places and engines; nothing where the study timed nothing."""
    told = {
        (place, str(rows[0].detail.get("engine", _UNKNOWN))): results.summaries[measure][place]
        for measure, places in results.behind.items()
        if (measure.subject, measure.metric) == (_BENCH, "accuracy")
        for place, rows in places.items()
    }
    own = next((found for measure, found in results.summaries.items() if measure.subject == "accuracy"), {})
    return [
        Timed(place, engine, summary, told.get((place, engine), own.get(place)), results.point(measure, place))
        for measure, places in results.behind.items()
        if (measure.subject, measure.metric) == (_BENCH, "latency")
        for place, rows in places.items()
        for engine, summary in [(str(rows[0].detail.get("engine", _UNKNOWN)), results.summaries[measure][place])]
    ]


def called(results: Results, one: Timed) -> str:
    """``robust, 90 %, native``."""
    parts = [
        results.panel_title(one.place.panel),
        level(one.place.colour) if results.axes.colour else "",
        percent(one.place.sparsity) if one.place.sparsity is not None else "",
        one.engine,
    ]
    return ", ".join(part for part in parts if part)


def fastest(results: Results) -> str:
    """The fastest sparse network against the dense one in its fastest engine; empty where either was not timed."""
    found = timed(results)
    dense, sparse = [one for one in found if one.dense], [one for one in found if one.place.sparsity]
    if not dense or not sparse:
        return ""
    best, rival = _least(sparse), _least(dense)
    ratio = rival.latency.mean / best.latency.mean
    against = f"{number(rival.latency.mean)} ms of the dense network in {rival.engine}"
    if ratio <= 1:
        return f"no sparse network is faster than the {against}."
    text = f"the fastest ticket ({called(results, best)}) takes {number(best.latency.mean)} ms against the {against}"
    return f"{text}: {ratio:.2f} times as fast{_lost(best, rival)}."


def _least(found: Sequence[Timed]) -> Timed:
    return min(found, key=lambda one: one.latency.mean)


def _lost(best: Timed, rival: Timed) -> str:
    """What it costs, or brings, in points of accuracy."""
    if best.accuracy is None or rival.accuracy is None:
        return ""
    lost = rival.accuracy.mean - best.accuracy.mean
    return f", {number(abs(lost), '%')} points {'less' if lost >= 0 else 'more'} accurate"
