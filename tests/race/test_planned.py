"""How many samples nets are judged on: more where there are more and judging them all takes little of the minutes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tombola.models.source import Source
from tombola.race.entrants import DENSE
from tombola.race.finish import Timed
from tombola.race.notebook import Notebook
from tombola.race.planned import closing, samples_judged
from tombola.race.wanted import Wanted
from tombola.tasks._base import Task

WANTED = Wanted(Source.parse("resnet8"), Task.parse("digits"), minutes=10.0)


def book(ms: float) -> Notebook:
    """In which the dense net takes so long, in two engines together."""
    timed = [Timed("one", 0.25 * ms, 1), Timed("other", 0.75 * ms, 1)]
    return Notebook(Path("race.json"), "", step=1.0, looked=2.0, known={DENSE: timed})


class Large:
    """As many samples as it says."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count


@pytest.mark.parametrize(
    ("val", "test", "ms", "count"),
    [
        (199, 599, 1.0, 1000),
        (3000, 900, 1.0, 4000),
        (900, 50_000, 1.0, 16_000),  # 3 % of ten minutes are 18 s, and so many take 16
        (50_000, 900, 1.2, 8000),
        (50_000, 50_000, 1000.0, 1000),
    ],
)
def test_samples_are_doubled_while_there_are_more_and_there_is_time(
    monkeypatch: pytest.MonkeyPatch, val: int, test: int, ms: float, count: int
) -> None:
    large: Any = [Large(val), Large(test)]
    splits = replace(WANTED.task.splits(), val=large[0], test=large[1])
    monkeypatch.setattr(type(WANTED.task), "splits", lambda _: splits)
    assert samples_judged(WANTED, book(ms)) == count


def test_the_end_is_of_what_will_be_judged_there() -> None:
    known = book(4.0)
    short, long = (closing(WANTED, known, ms) for ms in ([1.0, 1.0], [1.0, 4.0]))
    assert long - short == pytest.approx(3e-3 * 599)
    assert closing(WANTED, known, [1.0], slower=2.0) - closing(WANTED, known, [1.0]) == pytest.approx(4 * 1.0 + 0.599)
