"""How many workers: what memory, cores and GPUs allow, with one line where it is fewer; and who is tried again."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.study.test_runners import Heard, Killed
from tests.study.toys import Toy, graph

from tombola.fitting.session import Session
from tombola.study.runners import _crew, _resources
from tombola.study.runners._base import Runner
from tombola.study.runners._crew import Crew, crew
from tombola.study.store import Store

GB = 10**9


class KilledOnce(Toy):
    """Its process dies the first time."""

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        assert self.log is not None
        first = not self.log.exists()
        with self.log.open("a") as file:
            file.write(f"{self.text}\n")
        if first:
            os._exit(9)
        (out / "text").write_text("")


class Placed(Toy):
    """Writes which device its process was given."""

    def work(self, folders: Mapping[str, Path], out: Path, session: Session) -> None:
        assert self.log is not None
        with self.log.open("a") as file:
            file.write(f"{session.device} {os.getpid()}\n")
        while len(set(self.log.read_text().splitlines())) < 3:  # so that no worker takes two
            time.sleep(0.05)
        (out / "text").write_text("")


def asked(count: int | None, device: str = "cpu", **options: Any) -> tuple[Crew, list[str]]:
    notes: list[str] = []
    given: dict[str, Any] = {"threads": 1, "stages": 100, "memory": None, "gpu": None, **options}
    return crew(count, device, note=notes.append, **given), notes


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A machine of 16 GB and 8 cores, whose parent process holds half a gigabyte."""
    facts: dict[str, Any] = {"memory": 16 * GB, "cores": 8}
    monkeypatch.setattr(_crew, "available_memory", lambda: facts["memory"])
    monkeypatch.setattr(_crew, "available_cores", lambda: facts["cores"])
    monkeypatch.setattr(_crew, "resident_memory", lambda: GB // 2)
    return facts


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Two GPUs with 40 GB free, which are not there."""
    free = [40 * GB, 40 * GB]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(free))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free[device.index], 80 * GB))
    return free


def test_what_fits_is_started_as_asked(machine: dict[str, Any]) -> None:
    assert asked(8) == (Crew(8, ("cpu",)), [])
    assert asked(8, stages=3) == (Crew(3, ("cpu",)), [])
    assert asked(None) == (Crew(8, ("cpu",)), [])
    assert asked(None, threads=4) == (Crew(2, ("cpu",)), [])
    machine["memory"] = None
    assert asked(64) == (Crew(64, ("cpu",)), [])


def test_memory_that_is_short_lowers_the_number_and_one_line_says_why(machine: dict[str, Any]) -> None:
    machine["memory"] = 3 * GB
    found, notes = asked(8)
    assert found.count == 3
    assert notes == [
        "processes: 3 instead of 8: 3.0 GB of memory are free and each is reckoned to need 1.0 GB (option memory)"
    ]
    assert asked(8, memory=1.5)[0].count == 2
    assert asked(8, memory=0.25) == (Crew(8, ("cpu",)), [])
    machine["memory"] = GB // 10
    assert asked(8)[0].count == 1, "one is always tried"


def test_gpus_are_taken_in_turn_and_have_to_have_room(machine: dict[str, Any], gpus: list[int]) -> None:
    assert asked(None, "cuda") == (Crew(2, ("cuda:0", "cuda:1")), [])
    assert asked(6, "cuda") == (Crew(6, ("cuda:0", "cuda:1")), [])
    assert asked(6, "cuda:1") == (Crew(6, ("cuda:1",)), [])
    found, notes = asked(6, "cuda", gpu=20)
    assert found == Crew(4, ("cuda:0", "cuda:1"))
    assert notes == ["processes: 4 instead of 6: the GPUs have room for 4 of 20.0 GB (option gpu_memory)"]
    gpus[0] = GB  # somebody else's
    assert asked(6, "cuda", gpu=20)[0] == Crew(2, ("cuda:1",))
    assert asked(6)[0] == Crew(6, ("cpu",)), "on the CPU they do not count"


def test_a_device_that_is_not_there_is_left_to_the_stage_to_say(machine: dict[str, Any]) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one here")
    assert asked(3, "cuda") == (Crew(3, ("cuda",)), [])


def test_worker_i_gets_device_i_mod_n(tmp_path: Path, machine: dict[str, Any], gpus: list[int]) -> None:
    log = tmp_path / "log"
    stages = [Placed(text=text, log=log) for text in "abc"]
    outcome = Runner.parse("processes:3").run(graph(*stages), Store(tmp_path), device="cuda", reporter=Heard())
    assert len(outcome.made) == 3
    pairs = [line.split() for line in log.read_text().splitlines()]
    assert sorted(device for device, _ in pairs) == ["cuda:0", "cuda:0", "cuda:1"]
    assert len({pid for _, pid in pairs}) == 3


def test_a_stage_whose_process_died_is_tried_once_more_after_the_others(tmp_path: Path) -> None:
    log, heard = tmp_path / "log", Heard()
    first, other = KilledOnce(text="a", log=log), Toy(text="b", log=log)
    stages = graph(first, other)
    outcome = Runner.parse("processes:1").run(stages, Store(tmp_path), device="cpu", reporter=heard)
    assert set(outcome.made) == set(stages)
    assert [line[0] for line in log.read_text().splitlines()] == ["a", "b", "a"]
    (note,) = heard.notes
    assert note == f"{first.title}: a process died, killed or out of memory; tried once more alone, after the others"


@pytest.mark.slow
def test_one_that_dies_twice_has_failed_and_one_beside_it_has_not(tmp_path: Path) -> None:
    killed, other = Killed(text="a"), Toy(text="b")
    below = Toy(text="c", source=killed)
    stages = graph(killed, below, other)
    outcome = Runner.parse("processes:2").run(stages, Store(tmp_path), device="cpu", reporter=Heard())
    assert outcome.made + outcome.found == [other.key]
    assert (set(outcome.failed), outcome.left_out) == ({killed.key}, [below.key])
    assert "died twice, the second time with no other beside it" in outcome.failed[killed.key].message


def test_memory_is_what_the_kernel_and_every_group_leave(tmp_path: Path) -> None:
    root = tmp_path
    assert _resources.available_memory(root) is None
    put(root / "proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable: 8000000 kB\n")
    assert _resources.available_memory(root) == 8_192_000_000
    put(root / "proc/self/cgroup", "0::/job/step\n")
    job = root / "sys/fs/cgroup/job"
    put(job / "step/memory.max", "max\n")
    put(job / "memory.max", str(4 * GB))
    put(job / "memory.current", str(3 * GB))
    put(job / "memory.stat", f"anon 12\ninactive_file {GB}\n")
    assert _resources.available_memory(root) == 2 * GB, "files in the cache can be dropped"


def test_memory_of_the_older_kind_of_groups(tmp_path: Path) -> None:
    put(tmp_path / "proc/self/cgroup", "9:cpu:/x\n4:memory:/x\n0::/\n")
    top = tmp_path / "sys/fs/cgroup/memory"
    put(top / "memory.limit_in_bytes", str(5 * GB))
    put(top / "memory.usage_in_bytes", str(GB))
    assert _resources.available_memory(tmp_path) == 4 * GB, "a container sees its own group as the top"


def test_cores_are_those_of_the_container(tmp_path: Path) -> None:
    bound = _resources.available_cores(tmp_path)
    assert bound == len(os.sched_getaffinity(0))
    put(tmp_path / "sys/fs/cgroup/cpu.max", "max 100000\n")
    assert _resources.available_cores(tmp_path) == bound
    put(tmp_path / "sys/fs/cgroup/cpu.max", "50000 100000\n")
    assert _resources.available_cores(tmp_path) == 1


def test_auto_and_the_options_are_read_from_text() -> None:
    auto = Runner.parse("processes:auto")
    assert (auto.count, Runner.parse("processes:3").count) == ("auto", 3)  # type: ignore[attr-defined]  # of this runner
    with pytest.raises(ValueError, match="count"):
        Runner.parse("processes:many")


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
