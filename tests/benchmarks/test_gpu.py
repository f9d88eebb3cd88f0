"""What a GPU is lent for keeps its limits, goes on after a failure, and comes back in pieces that it goes on from."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from benchmarks.gpu_steps import PIECE, ROOT, Step, dealt, done, gathered, toys, unpacked, whole

from benchmarks import gpu_pack, gpu_steps
from tombola.study.study import Study

SCRIPT = ROOT / "benchmarks/gpu.sh"


def step(text: str, limit: float = 30, name: str = "one") -> Step:
    return Step(name, (sys.executable, "-c", text), limit)


def test_a_step_that_fails_or_outlasts_its_limit_is_told_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_steps, "LEAST", 0.1)
    out, late = tmp_path / "out", time.monotonic() + 100
    out.mkdir()
    with (out / "log.txt").open("a") as log:
        assert done(step("print('well')"), late, log.fileno(), out)
        assert not done(step("raise SystemExit(3)"), late, log.fileno(), out)
        begun = time.monotonic()
        assert not done(step("import time; time.sleep(60)", limit=0.3), late, log.fileno(), out)
        assert time.monotonic() - begun < 20
        assert not done(step("print('never')", name="last"), time.monotonic() + 0.05, log.fileno(), out)
    told = (out / "log.txt").read_text()
    assert "code 3" in told
    assert f"code {-9}" in told
    assert not (gpu_steps.work(out) / "last.txt").exists()


def test_a_benchmark_whose_bar_is_missed_has_done_its_work(tmp_path: Path) -> None:
    with (tmp_path / "log.txt").open("a") as log:
        text = "print('9 images/s'); raise SystemExit(1)"
        assert done(step(text, name="throughput-64"), time.monotonic() + 60, log.fileno(), tmp_path / "out")
        assert not done(step(text, name="shared"), time.monotonic() + 60, log.fileno(), tmp_path / "out")


def test_pieces_hold_the_smallest_stages_and_none_is_too_large() -> None:
    sizes = {Path(str(number)): size for number, size in enumerate([9, 1, PIECE + 1, PIECE - 5, PIECE // 2, 2])}
    pieces = dealt(sizes)
    assert [[str(stage) for stage in piece] for piece in pieces] == [["1", "5", "0", "4"], ["3"]]
    assert all(sum(sizes[stage] for stage in piece) <= PIECE for piece in pieces)
    assert len(dealt({Path(str(number)): PIECE for number in range(9)})) == gpu_steps.PIECES
    assert dealt({}) == []


def test_what_was_finished_is_found_again_by_the_next_call(tmp_path: Path) -> None:
    place, out = tmp_path / "out-work", tmp_path / "out"
    out.mkdir()
    rows = {f"rows/{number}/study/rows.jsonl": f"{name}\n" for number, name in enumerate("ab")}
    files = {**rows, "store/stages/ab/abcd/manifest.json": "{}",
             "rows/1/study/about.json": "{}", "throughput-64.txt": "9 images/s\n"}  # fmt: skip
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    gathered(place, out)
    assert (out / "rows.jsonl").read_text() == "a\nb\n"
    assert len(list(out.iterdir())) <= 8
    unpacked(out, tmp_path / "next")
    assert (tmp_path / "next/store/stages/ab/abcd/manifest.json").read_text() == "{}"


def test_toys_walk_the_same_steps_and_all_of_them_fit() -> None:
    real, small = whole(Path("c"), Path("o")), toys(Path("o"))
    kinds = [
        list(dict.fromkeys(step.name.rpartition("-")[0] or step.name for step in steps)) for steps in (real, small)
    ]
    assert kinds[0] == kinds[1] == ["throughput", "shared", "pretraining"]
    assert sum(step.name.startswith("pretraining") for step in real) == 5
    assert max(step.limit for step in real) < 12 * 60
    for name in ("results/evidence/autoattacked.yaml", "benchmarks/gpu_toy.yaml"):
        study = Study.read(ROOT / name)
        assert list(study.axes) == ["repeat", "prior", "draw.sparsity"]
        assert list(study.axes["prior"]) == ["natural", "linf 2/255"]
    assert {Path(name).name for name in gpu_pack.PROJECT} == {"src", "benchmarks", "autoattacked.yaml"}


def test_the_script_says_what_it_would_do(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHON": sys.executable}
    command = [str(SCRIPT), "run", str(tmp_path), str(tmp_path / "out"), "--dry"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert told.count(" s  ") == 8
    assert str(tmp_path / "data/caltech101") in told
    wrong = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True)
    assert (wrong.returncode, "gpu.sh pack CARRIED" in wrong.stdout) == (2, True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_step_is_walked_on_toy_sizes(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHON": sys.executable}
    out = tmp_path / "out"
    command = [str(SCRIPT), "run", str(tmp_path), str(out), "--cpu"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "5 of 5 steps done" in told
    assert len((out / "rows.jsonl").read_text().splitlines()) > 8
    assert '"two processes agree\\": true' in (out / "figures.json").read_text()
    again = tmp_path / "again"
    subprocess.run([SCRIPT, "run", out, again, "--cpu"], env=environment, capture_output=True, check=True)
    assert (again / "rows.jsonl").read_bytes() == (out / "rows.jsonl").read_bytes()
    assert "nothing to train: all 10 stages were in the store" in (again / "figures.json").read_text()
