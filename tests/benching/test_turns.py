"""Engines take turns until each has had enough."""

from collections.abc import Iterator
from itertools import cycle

import pytest

from tombola.benching.numbers import Run
from tombola.benching.turns import PATIENCE, Plan, take_turns


class Clock:
    """An engine whose runs take a fixed time; who is asked is written into a list that all share."""

    def __init__(self, name: str, seconds: float, asked: list[str], interrupted: Iterator[bool] | None = None) -> None:
        self.name, self.seconds, self.asked = name, seconds, asked
        self.interrupted = interrupted or cycle([False])

    def time(self, seconds: float, most: int) -> list[Run]:
        self.asked.append(self.name)
        count = min(most, max(2, round(seconds / self.seconds)))
        return [Run(self.seconds, next(self.interrupted)) for _ in range(count)]


def test_they_alternate_and_another_begins_each_round() -> None:
    asked: list[str] = []
    engines = {name: Clock(name, 0.1, asked) for name in "abc"}
    take_turns(engines, Plan(seconds=0.6, turn=0.2))
    assert "".join(asked) == "abcbcacab"


def test_each_gets_the_seconds_it_was_promised_whatever_a_run_takes() -> None:
    asked: list[str] = []
    found = take_turns({"slow": Clock("slow", 0.5, asked), "fast": Clock("fast", 0.01, asked)}, Plan(seconds=1.0))
    assert len(found["slow"]) == 2
    assert len(found["fast"]) == 100


def test_a_number_of_runs_is_exact() -> None:
    found = take_turns({"a": Clock("a", 0.03, []), "b": Clock("b", 9.0, [])}, Plan(runs=7))
    assert [len(runs) for runs in found.values()] == [7, 7]


def test_interrupted_runs_are_repeated() -> None:
    every_other = Clock("a", 0.1, [], cycle([True, False]))
    calm = [run for run in take_turns({"a": every_other}, Plan(seconds=1.0, again=True))["a"] if not run.interrupted]
    assert sum(run.seconds for run in calm) >= 1.0


def test_on_a_machine_that_is_never_quiet_patience_ends() -> None:
    found = take_turns({"a": Clock("a", 0.1, [], cycle([True]))}, Plan(seconds=1.0, again=True))["a"]
    assert sum(run.seconds for run in found) == pytest.approx(PATIENCE * 1.0, abs=0.2)
    assert len(take_turns({"a": Clock("a", 0.1, [], cycle([True]))}, Plan(runs=3, again=True))["a"]) == PATIENCE * 3


def test_progress_grows_to_the_whole() -> None:
    heard: list[float] = []
    take_turns({"a": Clock("a", 0.1, []), "b": Clock("b", 0.05, [])}, Plan(seconds=1.0), heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
