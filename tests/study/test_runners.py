"""Runners: failures stay where they are, interruptions are told, rows do not depend on the runner."""

import os
import pickle
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from tests.study.toys import STUDY, Toy, graph

from tombola.errors import StoreError
from tombola.fitting.session import Bar, Session, Silent
from tombola.study.plan import Plan
from tombola.study.run import collect, run, write_result
from tombola.study.runners._base import Runner
from tombola.study.store import Store
from tombola.study.study import Study

RUNNERS = ["inline", "processes:2"]


class Killed(Toy):
    """Its process dies."""

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        os._exit(9)


class Interrupted(Toy):
    """The user presses Ctrl-C."""

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        raise KeyboardInterrupt


class Full(Toy):
    """The disk is full."""

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        raise StoreError("the store cannot be written")


class Telling(Toy):
    """Notes how many threads it has."""

    STAGE: ClassVar[str] = "measure"

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        with session.reporter.task("training", 3, 1) as bar:
            bar.advance(2, samples=20, loss=0.5)
        session.reporter.note(f"threads: {torch.get_num_threads()}")
        (out / "text").write_text("")


class Heard(Silent, Bar):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.titles: list[str] = []
        self.steps = 0

    def task(self, title: str, total: int, done: int) -> AbstractContextManager[Bar]:
        self.titles.append(title)
        return nullcontext(self)

    def advance(self, steps: int, *, samples: int, loss: float | None) -> None:
        self.steps += steps

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_failure_takes_its_descendants_with_it_and_no_other(tmp_path: Path, runner: str) -> None:
    bad, good = Toy(text="bad", wrong=True), Toy(text="good")
    child, other = Toy(text="x", source=bad), Toy(text="z", source=good)
    grandchild = Toy(text="y", source=child)
    store = Store(tmp_path / "store")
    outcome = Runner.parse(runner).run(
        graph(bad, child, grandchild, good, other), store, device="cpu", reporter=Silent()
    )
    assert set(outcome.made) == {good.key, other.key}
    assert set(outcome.left_out) == {child.key, grandchild.key}
    (failed,) = outcome.failed.values()
    assert failed.message == "ValueError: bad went wrong"
    assert "Traceback" in Path(failed.report).read_text()


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_store_that_cannot_be_used_ends_the_run_at_once(tmp_path: Path, runner: str) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        Runner.parse(runner).run(graph(Full(text="a")), Store(tmp_path), device="cpu", reporter=Silent())


@pytest.mark.parametrize("runner", RUNNERS)
def test_stages_have_one_thread_and_are_heard(tmp_path: Path, runner: str) -> None:
    before, heard = torch.get_num_threads(), Heard()
    Runner.parse(runner).run(graph(Telling(text="a")), Store(tmp_path), device="cpu", reporter=heard)
    assert heard.notes == ["threads: 1"]
    assert heard.titles == ["stages", "training"]
    assert heard.steps == 3
    assert torch.get_num_threads() == before


def test_a_worker_that_dies_fails_its_stage_and_the_rest_goes_on(tmp_path: Path) -> None:
    killed, other = Killed(text="a"), Telling(text="b")
    outcome = Runner.parse("processes:1").run(graph(killed, other), Store(tmp_path), device="cpu", reporter=Silent())
    assert outcome.made == [other.key]
    assert "killed, or out of memory" in outcome.failed[killed.key].message


def test_an_interruption_keeps_what_is_finished(tmp_path: Path) -> None:
    first, second = Toy(text="a"), Interrupted(text="b")
    outcome = Runner.parse("inline").run(graph(first, second), Store(tmp_path), device="cpu", reporter=Silent())
    assert (outcome.made, outcome.interrupted) == ([first.key], True)
    assert Store(tmp_path).state(second.key) == "begun"


def test_both_runners_give_the_same_rows_in_the_order_of_the_cells(tmp_path: Path) -> None:
    study = Study.of(STUDY)
    results = [run(study, Store(tmp_path / str(place)), runner) for place, runner in enumerate(RUNNERS)]
    for place, result in enumerate(results):
        assert (result.exit_code, len(result.outcome.made)) == (0, 14)
        write_result(result.rows, tmp_path / f"{place}.jsonl")
    assert (tmp_path / "0.jsonl").read_bytes() == (tmp_path / "1.jsonl").read_bytes()
    rows = results[0].rows
    assert [(row.cell["prior"], row.cell["draw.sparsity"]) for row in rows] == [
        ("robust", 0.0),
        ("robust", 0.5),
        ("natural", 0.0),
        ("natural", 0.5),
    ]
    assert {(row.study, row.property, row.metric, row.seed) for row in rows} == {("toy", "accuracy", "accuracy", 0)}
    again = run(study, Store(tmp_path / "0"), "inline")
    assert (again.outcome.made, again.rows, again.before.to_run) == ([], rows, 0)
    stages = again.facts(Store(tmp_path / "0"))["stages"]
    assert stages["pretrain"]["count"] == stages["pretrain"]["cached"] == 2


def test_rows_of_the_finished_part_are_there_when_a_stage_failed(tmp_path: Path) -> None:
    result = run(Study.of(STUDY).override(["prior.robust.pretrain.optimizer.lr=1e30"]), Store(tmp_path), "inline")
    assert result.exit_code == 1
    assert {row.cell["prior"] for row in result.rows} == {"natural"}
    (failed,) = result.outcome.failed.values()
    assert failed.title.startswith("pretrain adversarial")
    assert collect(result.plan, Store(tmp_path)) == list(result.rows)


def test_a_wrong_study_leaves_no_store(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folder: "):
        run(Study.of({**STUDY, "target": "folder:/nowhere"}), Store(tmp_path / "store"), "inline")
    assert list(tmp_path.iterdir()) == []


def test_every_stage_of_a_plan_travels_between_processes() -> None:
    stages = Plan.of(Study.of(STUDY)).stages.values()
    assert [pickle.loads(pickle.dumps(stage)).key for stage in stages] == [stage.key for stage in stages]
