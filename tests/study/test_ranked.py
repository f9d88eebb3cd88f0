"""A study's stages worked by several processes leave the networks, masks and rows that one process leaves."""

from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from tests.study.on_ranks import STUDY, all_stages, left, plan

from tombola.errors import StageError
from tombola.fitting.launching import run_on_ranks
from tombola.fitting.session import Bar, Session, Silent
from tombola.study.ranked import processes_for, shards_of, work_here, work_on_ranks
from tombola.study.run import run
from tombola.study.store import Store
from tombola.study.study import Study


class Heard(Silent):
    """Remembers the titles of what it was told."""

    def __init__(self) -> None:
        self.titles: list[str] = []

    def task(self, title: str, total: int, done: int) -> AbstractContextManager[Bar]:
        self.titles.append(title)
        return super().task(title, total, done)


def test_only_what_trains_can_be_shared() -> None:
    asked = {(stage.STAGE, stage.what): shards_of(stage) for stage in plan().stages.values()}
    assert asked == {
        ("pretrain", "adversarial"): 2,
        ("draw", "omp"): 1,
        ("draw", "imp"): 2,
        ("transfer", "finetune"): 2,
        ("measure", "accuracy"): 1,
    }


@pytest.mark.parametrize(("available", "count"), [(0, 1), (1, 1), (2, 2), (3, 2), (8, 2)])
def test_a_stage_takes_no_more_processes_than_it_has_parts(available: int, count: int) -> None:
    assert processes_for(next(iter(plan().stages.values())), available) == count


def test_alone_it_is_the_stages_own_work(tmp_path: Path) -> None:
    stage = next(iter(plan().stages.values()))
    for name in ("own", "here"):
        (tmp_path / name).mkdir()
    stage.work({}, tmp_path / "own", Session())
    work_here(stage, {}, tmp_path / "here", Session())
    assert left(tmp_path / "here") == left(tmp_path / "own")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_networks_masks_and_rows_of_two_processes_are_those_of_one(tmp_path: Path) -> None:
    store = Store(tmp_path / "one")
    assert run(Study.of(STUDY), store).exit_code == 0
    run_on_ranks(partial(all_stages, tmp_path / "two"), 2)
    for stage in plan().stages.values():
        assert left(tmp_path / "two" / stage.key) == left(store.folder(stage.key)) != {}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_new_processes_work_a_stage_report_and_continue(tmp_path: Path) -> None:
    stage, heard = next(iter(plan().stages.values())), Heard()
    for name in ("own", "shared", "again", "broken"):
        (tmp_path / name).mkdir()
    stage.work({}, tmp_path / "own", Session())
    session = Session(tmp_path / "checkpoints", reporter=heard, path=("stage",))
    work_on_ranks(stage, {}, tmp_path / "shared", session, 2)
    assert left(tmp_path / "shared") == left(tmp_path / "own")
    assert heard.titles == ["stage"]
    assert [file.name for file in (tmp_path / "checkpoints").iterdir()] == ["step-000000003.safetensors"]

    stage.work({}, tmp_path / "again", session)  # finished already: one process finds it
    assert left(tmp_path / "again") == left(tmp_path / "own")

    after = next(each for each in plan().stages.values() if each.STAGE == "transfer")
    with pytest.raises(StageError, match=r"process [01] of 2: KeyError"):
        work_on_ranks(after, {}, tmp_path / "broken", Session(), 2)
