"""Benchmarks end in their figures and say by exit code whether the bars are met; each has a quick form."""

import argparse
from pathlib import Path

import pytest
from benchmarks.bars import Bar, closing, parsed

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"
PARTS = {
    *("bars.py", "native_report.py", "turns.py", "deepsparse_worker.py"),
    *("make_sets.py", "make_alone.py", "make_jobs.py", "make_plainly.py"),
    *("gpu_pack.py", "gpu_shared.py", "gpu_steps.py"),
}
"""Modules that scripts import, and the pieces of `gpu.sh`, which has a form of its own for a machine without a GPU."""


@pytest.mark.parametrize(
    ("figure", "at_most", "met"),
    [(2.0, False, True), (1.99, False, False), (2.0, True, True), (2.01, True, False), (float("nan"), False, False)],
)
def test_a_bar_is_met_on_its_side(figure: float, at_most: bool, met: bool) -> None:
    assert Bar("speed", figure, 2.0, at_most=at_most).met is met


def test_not_a_number_meets_no_bar() -> None:
    assert not Bar("gap", float("nan"), 2.0, at_most=True).met


def test_the_last_line_has_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert closing(Bar("speed", 3.0, 2.0), Bar("gap", 0.5, 0.1, at_most=True)) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "speed 3.00 (at least 2.00); gap 0.50 (at most 0.10 MISSED)"
    assert closing(Bar("speed", 3.0, 2.0)) == 0


def test_a_benchmark_without_a_figure_fails() -> None:
    assert closing() == 1


def a_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    return parser


@pytest.mark.parametrize(
    ("given", "runs"), [([], 7), (["--quick"], 2), (["--quick", "--runs", "3"], 3), (["--runs", "3"], 3)]
)
def test_quick_changes_defaults_only(given: list[str], runs: int) -> None:
    options = parsed(a_parser(), given, runs=2)
    assert (options.runs, options.seed) == (runs, 0)


@pytest.mark.parametrize("script", sorted(path.name for path in FOLDER.glob("*.py") if path.name not in PARTS))
def test_every_script_has_a_quick_form_and_an_exit_code(script: str) -> None:
    text = (FOLDER / script).read_text(encoding="utf-8")
    assert "--quick" in text, f"{script} has no --quick"
    assert "sys.exit(" in text or "SystemExit(" in text, f"{script} always exits with 0"
