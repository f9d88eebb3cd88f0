"""What every runner keeps: each stage once, inputs first; a failure takes its descendants with it and no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.study.toys import Toy, graph

from tombola.fitting.session import Silent
from tombola.study.runners._base import Outcome, Runner
from tombola.study.runners.ray import Ray
from tombola.study.store import Store

from .faults import Fault, gives
from .room import Check


@contextmanager
def room() -> Iterator[tuple[Store, Path]]:
    """A store, and a file that stages write a line into."""
    with TemporaryDirectory() as folder:
        yield Store(Path(folder) / "store"), Path(folder) / "log"


def ran(runner: Runner, store: Store, *stages: Toy) -> Outcome:
    """What came of the stages."""
    return runner.run(graph(*stages), store, device="cpu", reporter=Silent())


def every_stage_runs_once_after_its_inputs_and_a_failure_stays_where_it_is(runner: Runner) -> None:
    if isinstance(runner, Ray):
        pytest.importorskip("ray")
    with room() as (store, log):
        first, bad = Toy(text="first", log=log), Toy(text="bad", log=log, wrong=True)
        second, lost = Toy(text="second", source=first, log=log), Toy(text="lost", source=bad, log=log)
        outcome = ran(runner, store, first, bad, second, lost)
        assert set(outcome.made) == {first.key, second.key}
        assert set(outcome.failed) == {bad.key}
        assert "bad went wrong" in outcome.failed[bad.key].message
        assert outcome.left_out == [lost.key]
        assert not outcome.interrupted
        assert (store.folder(second.key) / "text").read_text() == "first+second"
        again = ran(runner, store, first, second)
        assert (again.made, set(again.found)) == ([], {first.key, second.key})
        assert sorted(line.split()[0] for line in log.read_text().splitlines()) == ["bad", "first", "second"]


CHECKS: tuple[Check, ...] = (every_stage_runs_once_after_its_inputs_and_a_failure_stays_where_it_is,)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "runs nothing",
        "inline",
        "run",
        lambda method: lambda self, *args, **options: Outcome(),
        every_stage_runs_once_after_its_inputs_and_a_failure_stays_where_it_is,
    ),
    Fault(
        "forgets failures",
        "inline",
        "run",
        gives(lambda outcome: replace(outcome, failed={})),
        every_stage_runs_once_after_its_inputs_and_a_failure_stays_where_it_is,
    ),
)
