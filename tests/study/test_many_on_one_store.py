"""Many operating-system processes on one store: every stage once, nobody waits for work that others can do."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock
from tests.study.test_runners import Heard
from tests.study.toys import STUDY, Toy, graph

from tombola.fitting.session import Session, Silent
from tombola.spec import option
from tombola.study.run import run, write_result
from tombola.study.runners._base import Runner
from tombola.study.stage import Stage
from tombola.study.store import Store
from tombola.study.study import Study

TOMBOLA = [sys.executable, "-c", "from tombola.cli.main import main; main()"]
EIGHT = 8


class Slow(Toy):
    """Writes when it begins and when it ends; waits between."""

    seconds: float = option(0.02, identity=False)

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        assert self.log is not None
        _append(self.log, f"begin {self.text} {os.getpid()}")
        time.sleep(self.seconds)
        before = [(folder / "text").read_text() for folder in folders.values()]
        (out / "text").write_text("+".join([*before, self.text]))
        _append(self.log, f"end {self.text} {os.getpid()}")


def _append(log: Path, line: str) -> None:
    """One line, whole, whoever else writes."""
    with log.open("a") as file:
        file.write(f"{line}\n")


def tree(log: Path) -> dict[str, Stage]:
    """Six roots that take a while, three stages from each."""
    roots = [Slow(text=f"root{place}", log=log, seconds=0.4) for place in range(6)]
    return graph(
        *roots, *(Slow(text=f"leaf{root.text}{place}", source=root, log=log) for root in roots for place in "abc")
    )


def _runs(root: Path, log: Path, go: Path) -> None:
    while not go.exists():
        time.sleep(0.01)
    outcome = Runner.parse("inline").run(tree(log), Store(root), device="cpu", reporter=Silent())
    assert not outcome.failed
    _append(log, f"made {len(outcome.made)} {os.getpid()}")


def started(tmp_path: Path) -> "list[multiprocessing.process.BaseProcess]":
    context = multiprocessing.get_context("fork")
    arguments = (tmp_path / "store", tmp_path / "log", tmp_path / "go")
    found: list[multiprocessing.process.BaseProcess] = [context.Process(target=_runs, args=arguments) for _ in range(8)]
    for process in found:
        process.start()
    (tmp_path / "go").touch()
    return found


def lines(log: Path, what: str) -> list[tuple[str, int]]:
    """What was written of one kind: its text, and by which process."""
    split = [line.split() for line in (log.read_text().splitlines() if log.exists() else [])]
    return [(text, int(pid)) for kind, text, pid in split if kind == what]


def soon(wanted: Callable[[], Any], seconds: float = 60) -> Any:
    """The first answer that is not empty."""
    end = time.monotonic() + seconds
    while not (found := wanted()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
    return found


@pytest.mark.slow
def test_eight_processes_run_every_stage_once_and_share_them(tmp_path: Path) -> None:
    processes, log = started(tmp_path), tmp_path / "log"
    for process in processes:
        process.join(timeout=60)
        assert process.exitcode == 0
    ended = Counter(text for text, _ in lines(log, "end"))
    assert (len(ended), set(ended.values())) == (24, {1})
    assert sum(int(count) for count, _ in lines(log, "made")) == 24
    assert len({pid for text, pid in lines(log, "begin") if text.startswith("root")}) == 6, "each took another root"
    assert list((tmp_path / "store" / "work").iterdir()) == []


def test_one_killed_in_the_middle_of_a_stage_is_stood_in_for(tmp_path: Path) -> None:
    processes, log = started(tmp_path), tmp_path / "log"
    lost, pid = soon(lambda: lines(log, "begin"))[0]
    os.kill(pid, signal.SIGKILL)
    for process in processes:
        process.join(timeout=60)
        assert process.exitcode == (-signal.SIGKILL if process.pid == pid else 0)
    ended = Counter(text for text, _ in lines(log, "end"))
    assert (len(ended), set(ended.values())) == (24, {1})
    begun = Counter(text for text, _ in lines(log, "begin"))
    assert {text for text, count in begun.items() if count > 1} == {lost}
    assert sum(int(count) for count, _ in lines(log, "made")) == 24
    assert Store(tmp_path / "store").verify() == []
    assert list((tmp_path / "store" / "work").iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_eight_commands_on_one_study_one_of_them_killed(tmp_path: Path) -> None:
    """The command itself, with trainings: the others go on from the dead one's work, and all have the same rows."""
    study = Study.of(STUDY).override(["pretrain.epochs=200it"])
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(study.as_mapping()))
    command = [*TOMBOLA, "run", "toy.yaml", "--store", "store", "--json", "--out"]
    commands = [
        subprocess.Popen([*command, f"out{number}"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for number in range(EIGHT)
    ]
    victim = soon(lambda: next((one for one in commands if _is_at_work(one.pid)), None), 300)
    assert not list(Store(tmp_path / "store").manifests()), "nothing was finished, so the dead one made nothing"
    victim.kill()
    said = {number: one.communicate(timeout=500)[0] for number, one in enumerate(commands)}
    alive = [number for number, one in enumerate(commands) if one is not victim]
    assert [commands[number].returncode for number in alive] == [0] * (EIGHT - 1)
    assert sum(json.loads(said[number])["run"] for number in alive) == 14
    assert Store(tmp_path / "store").verify() == []
    assert list((tmp_path / "store" / "work").iterdir()) == []
    whole = run(Study.read(tmp_path / "toy.yaml"), Store(tmp_path / "other"))
    write_result(whole.rows, tmp_path / "rows.jsonl")
    found = {(tmp_path / f"out{number}" / "toy" / "rows.jsonl").read_bytes() for number in alive}
    assert found == {(tmp_path / "rows.jsonl").read_bytes()}


def _is_at_work(pid: int) -> bool:
    """Whether a process holds a stage's lock and has begun to train."""
    try:
        held = [str(handle.readlink()) for handle in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return False
    locks = [Path(name) for name in held if name.endswith(".lock")]
    return any(any((lock.with_suffix("") / "checkpoints").rglob("*")) for lock in locks)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("runner", ["inline", "processes:2"])
def test_a_stage_that_another_process_is_at_comes_last(tmp_path: Path, runner: str) -> None:
    busy, log = Toy(text="a", log=tmp_path / "log"), tmp_path / "log"
    below, others = Toy(text="b", source=busy, log=log), [Toy(text=text, log=log) for text in "cde"]
    store, heard = Store(tmp_path / "store"), Heard()
    (store.root / "work").mkdir(parents=True)
    lock = FileLock(store.root / "work" / f"{busy.key}.lock", thread_local=False)

    def give_back() -> None:
        soon(lambda: log.exists() and len(log.read_text().splitlines()) == 3, 500)
        time.sleep(0.5)
        lock.release()

    lock.acquire()
    other = threading.Thread(target=give_back)
    other.start()
    outcome = Runner.parse(runner).run(graph(busy, below, *others), store, device="cpu", reporter=heard)
    other.join()
    order = [line[0] for line in log.read_text().splitlines()]
    assert (sorted(order[:3]), order[3:]) == (["c", "d", "e"], ["a", "b"])
    assert len(outcome.made) == 5
    assert [note for note in heard.notes if "another process" in note] == [
        f"{busy.title}: another process is at it, waiting"
    ]
    assert list((store.root / "work").iterdir()) == []


def test_what_another_process_finishes_is_found(tmp_path: Path) -> None:
    stage, store = Toy(text="a"), Store(tmp_path / "store")
    (store.root / "work").mkdir(parents=True)
    lock = FileLock(store.root / "work" / f"{stage.key}.lock", thread_local=False)
    lock.acquire()
    assert store.try_make(stage, Session()) == "busy"
    assert not (store.root / "work" / stage.key).exists()

    def finish() -> None:
        time.sleep(0.3)
        lock.release()
        Store(store.root).make(stage, Session())

    other = threading.Thread(target=finish)
    other.start()
    assert Store(store.root).make(stage, Session()) in ("made", "cached")
    other.join()
    assert store.try_make(stage, Session()) == "cached"


def test_a_lock_left_beside_a_finished_stage_is_put_away(tmp_path: Path) -> None:
    stage, store = Toy(text="a"), Store(tmp_path / "store")
    store.make(stage, Session())
    (store.root / "work" / stage.key).mkdir()
    (store.root / "work" / f"{stage.key}.lock").touch()
    assert store.try_make(stage, Session()) == "cached"
    assert list((store.root / "work").iterdir()) == []
