"""The store: finished stages appear whole, damage is named, each stage runs once whoever asks."""

import errno
import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from tests.study.toys import Toy

from tombola.errors import StoreError
from tombola.fitting.session import Session
from tombola.study.manifest import Manifest
from tombola.study.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_stage_runs_once_and_says_what_it_is(store: Store, tmp_path: Path) -> None:
    first = Toy(text="a", log=tmp_path / "log")
    second = Toy(text="b", source=first, log=tmp_path / "log")
    assert [store.make(stage, Session()) for stage in (first, second, second)] == ["made", "made", "cached"]
    assert Store(store.root).make(second, Session()) == "cached"
    assert (store.folder(second.key) / "text").read_text() == "a+b"
    assert len((tmp_path / "log").read_text().splitlines()) == 2
    manifest = Manifest.read(store.folder(second.key))
    assert manifest is not None
    assert (manifest.stage, manifest.inputs, manifest.identity) == ("draw", (first.key,), {"text": "b"})
    assert manifest.files["text"].bytes == 3
    assert str(tmp_path) not in (store.folder(second.key) / "manifest.json").read_text()
    assert list((store.root / "work").iterdir()) == []


def test_a_stage_that_fails_leaves_nothing_finished_and_keeps_its_checkpoints(store: Store) -> None:
    stage = Toy(text="a", wrong=True)
    checkpoint = store.root / "work" / stage.key / "checkpoints" / "step"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("kept")
    with pytest.raises(ValueError, match="went wrong"):
        store.make(stage, Session())
    assert not store.has(stage.key)
    assert (checkpoint.read_text(), store.state(stage.key)) == ("kept", "begun")
    assert store.make(stage.replace(wrong=False), Session()) == "made"
    assert (checkpoint.exists(), store.state(stage.key)) == (False, "done")


def test_outputs_of_an_interrupted_write_are_begun_anew(store: Store) -> None:
    stage = Toy(text="a")
    out = store.root / "work" / stage.key / "out"
    out.mkdir(parents=True)
    (out / "half").write_text("half")
    store.make(stage, Session())
    assert sorted(path.name for path in store.folder(stage.key).iterdir()) == ["manifest.json", "text"]


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (lambda folder: (folder / "text").write_text("x"), "text changed"),
        (lambda folder: (folder / "text").unlink(), "text missing"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json is missing or damaged"),
    ],
)
def test_verify_names_a_damaged_stage(store: Store, harm: Any, word: str) -> None:
    stages = [Toy(text="a"), Toy(text="b")]
    for stage in stages:
        store.make(stage, Session())
    assert store.verify() == []
    harm(store.folder(stages[0].key))
    (problem,) = store.verify()
    assert stages[0].key in problem
    assert word in problem


def test_a_stage_whose_files_are_gone_is_made_again(store: Store) -> None:
    stage = Toy(text="a")
    store.make(stage, Session())
    (store.folder(stage.key) / "text").unlink()
    again = Store(store.root)
    assert not again.has(stage.key)
    assert again.make(stage, Session()) == "made"
    assert again.verify() == []


def test_what_a_stage_reads_is_what_was_written(store: Store) -> None:
    first = Toy(text="a")
    second = Toy(text="b", source=first)
    store.make(first, Session())
    file = store.folder(first.key) / "text"
    before = file.stat()
    file.write_text("x")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a bit that flips on the disk
    with pytest.raises(StoreError, match=r"damaged: .*: text changed since it was written; remove that folder"):
        store.make(second, Session())
    assert not store.has(second.key)


def test_gc_removes_what_no_plan_keeps_and_work_nobody_is_at(store: Store) -> None:
    kept, stale = Toy(text="a"), Toy(text="b")
    for stage in (kept, stale):
        store.make(stage, Session())
    begun, busy = store.root / "work" / ("c" * 64), store.root / "work" / ("d" * 64)
    for folder in (begun, busy):
        folder.mkdir()
        (folder / "x").write_text("12345")
    with FileLock(f"{busy}.lock"):
        assert store.state("d" * 64) == "running"
        dry = store.gc({kept.key}, dry=True)
        assert store.has(stale.key)
        assert store.gc({kept.key}) == dry
    assert (dry.stages, dry.unfinished) == (1, 1)
    assert dry.bytes > 5
    assert (store.has(kept.key), store.has(stale.key)) == (True, False)
    assert (begun.exists(), busy.exists()) == (False, True)
    assert [manifest.key for manifest in store.manifests()] == [kept.key]
    assert [manifest.key for manifest in store.manifests([kept.key, stale.key])] == [kept.key]


def test_a_place_that_is_no_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    for root in (tmp_path / "store", tmp_path / "store" / "inside"):
        with pytest.raises(StoreError, match="cannot be written"):
            Store(root).make(Toy(text="a"), Session())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_is_full_or_read_only_is_one_clear_error(
    store: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number), str(self))

    stage = Toy(text="a")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(StoreError, match="cannot be written"):
            store.make(stage, Session())
    assert not store.has(stage.key)
    assert store.make(stage, Session()) == "made"


def _make(root: Path, log: Path, wait: Path) -> None:
    while not wait.exists():
        time.sleep(0.01)
    for text in "abcdef":
        Store(root).make(Toy(text=text, log=log), Session())


def test_two_processes_on_one_store_run_each_stage_once(store: Store, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    arguments = (store.root, tmp_path / "log", tmp_path / "go")
    workers = [context.Process(target=_make, args=arguments) for _ in range(3)]
    for worker in workers:
        worker.start()
    (tmp_path / "go").touch()
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    lines = (tmp_path / "log").read_text().split("\n")[:-1]
    assert sorted(line[0] for line in lines) == list("abcdef")
    assert len(list(store.manifests())) == 6
    assert list((store.root / "work").iterdir()) == []


def test_a_lock_of_a_process_that_died_stops_nobody(store: Store) -> None:
    stage = Toy(text="a")
    (store.root / "work").mkdir(parents=True)
    (store.root / "work" / f"{stage.key}.lock").touch()
    assert store.make(stage, Session()) == "made"
    assert list((store.root / "work").iterdir()) == []
