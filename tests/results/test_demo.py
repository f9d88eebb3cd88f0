"""The demo's picture: its rows are stored, another machine's table is within the tolerance, another study is not."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from results.demo.__main__ import HERE, TOLERANCE, compared, main, stored

from tombola.recipes.demo import demo
from tombola.rows import Scalar, read_rows, write_rows
from tombola.study.plan import Plan

MACHINES: Final = HERE.parent / "benchmarks.md"
COLUMNS: Final = [(transfer, prior) for transfer in ("finetune", "linear") for prior in ("natural", "robust")]


def elsewhere(metric: str) -> Iterator[tuple[tuple[Scalar, ...], float]]:
    """Another processor's points, as benchmarks.md has them."""
    text = MACHINES.read_text("utf-8").partition("## The demo's result")[2]
    table = text.partition(f"\n{metric.replace('_', ' ')} (%)\n")[2].partition("\n\n")[0]
    for sparsity, line in re.findall(r"^ *(\d+) %(.*)$", table, re.MULTILINE):
        for (transfer, prior), mean in zip(COLUMNS, re.findall(r"([\d.]+) ±", line), strict=True):
            yield (transfer, int(sparsity) / 100, prior), float(mean)


@pytest.mark.parametrize("metric", TOLERANCE)
def test_another_processor_is_within_the_tolerance(metric: str) -> None:
    found = dict(elsewhere(metric))
    assert len(found) == 20
    assert compared(found, stored(metric), metric) == []
    assert compared({at: value + 4 for at, value in found.items()}, stored(metric), metric)


def test_one_point_too_far_is_named() -> None:
    wanted = stored("accuracy")
    at = ("linear", 0.9, "robust")
    (line,) = compared({**wanted, at: wanted[at] - 7}, wanted, "accuracy")
    assert line == "accuracy: -7.0 points beside the picture's 90.7 at linear, 0.9, robust (most 6)"


def test_it_is_the_demo_that_is_stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = read_rows(HERE / "rows.jsonl")
    assert {row.key for row in rows} == {stage.key for cell in Plan.of(demo()).cells for stage in cell.measures}
    write_rows(tmp_path / "rows.jsonl", rows)
    assert main([str(tmp_path)]) == 0
    assert (tmp_path / "demo.png").stat().st_size > 10_000
    assert "as docs/pictures/demo.png" in capsys.readouterr().out


def test_another_study_is_not_compared() -> None:
    wanted = stored("accuracy")
    (line,) = compared(dict([*wanted.items()][:8]), wanted, "accuracy")
    assert line.endswith("not the same study")
