"""The table of tickets in C: dense int8 first, both ratios, one machine; docs hold what the rows say."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from results.marked import filled

from tests.results.scripts import ROOT, loaded

FOLDER = ROOT / "benchmarks"


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script that writes the table."""
    module = loaded(FOLDER / "native_report.py", monkeypatch)
    monkeypatch.setattr(module, "processor", lambda: "this processor")
    return module


def row(engine: str, ms: float, share: float = 0.0, arithmetic: str = "float32", **more: Any) -> dict[str, Any]:
    """A line; dense float32 takes 40 ms, dense int8 10."""
    return {
        "net": "resnet18", "threads": 1, "batch": 1, "engine": engine, "arithmetic": arithmetic,
        "pattern": "stripe:4" if share else "", "budget": "uniform" if share else "", "sparsity": share,
        "operations": 1.0, "p50_ms": ms, "processor_ms": ms, "bytes": 1_500_000, "alike": False,
        "x_int8": 10 / ms, "x_float32": 40 / ms, "processor_x_int8": 10 / ms, "processor_x_float32": 40 / ms,
        "machine": "this processor", **more,
    }  # fmt: skip


ROWS = [
    row("openvino:int8", 10.0, arithmetic="int8"),
    row("openvino", 40.0),
    row("native", 12.5, 0.8),
    row("native", 8.0, 0.9),
]


def test_the_rivals_stand_first_with_both_ratios(report: ModuleType) -> None:
    lines = [line for line in report.summary(ROWS, "a processor").splitlines() if line.startswith("|")][2:]
    assert lines[0] == "| OpenVINO, dense int8 | 10.0 ms | 1.00 | 4.00 | 1.5 MB |"
    assert lines[2] == "| `stripe:4`, 80%, in C | 12.5 ms | 0.80 | 3.20 | 1.5 MB |"
    assert "| openvino:int8 | int8 |" in report.table(ROWS, "a processor")


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ((0.8, 1.3), "dense int8, which needs no pruning, is faster than stripes below 90%."),
        ((1.1, 1.3), "stripes are faster than dense int8 from 80% on."),
        ((0.8, 0.9), "dense int8, which needs no pruning, is faster than any stripes here."),
        ((None, None), "no dense int8 engine ran beside it."),
    ],
)
def test_who_wins_is_said_as_the_rows_have_it(report: ModuleType, times: tuple[float | None, ...], said: str) -> None:
    stripes = [
        row("native", 1.0, share, x_int8=ratio, processor_x_int8=ratio)
        for share, ratio in zip((0.8, 0.9), times, strict=True)
    ]
    assert report.beaten([*ROWS[:2], *stripes]) == said


def test_a_busy_clock_leaves_the_processors_time(report: ModuleType) -> None:
    busy = row("native", 8.0, 0.9, x_int8=None, p50_ms=None)
    assert report.ratio(busy, "int8") == 1.25


def test_rows_of_another_processor_or_of_the_same_setting_go(report: ModuleType, tmp_path: Path) -> None:
    other = {**row("native", 9.0), "threads": 2}
    old = [{**other, "machine": "another"}, {**other, "batch": 8}, row("native", 99.0)]
    (tmp_path / "native.json").write_text(json.dumps({"machine": "another", "rows": old}), encoding="utf-8")
    report.write_report(ROWS, tmp_path)
    found = json.loads((tmp_path / "native.json").read_text(encoding="utf-8"))
    assert found["machine"] == "this processor"
    assert found["rows"] == [*ROWS, {**other, "batch": 8}]
    assert (tmp_path / "native.png").read_bytes().startswith(b"\x89PNG")


def test_quick_fails_where_stripes_are_below_the_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    native = loaded(FOLDER / "native.py", monkeypatch)
    fast = [row("native", 40 / times, share) for share, times in ((0.8, 3.0), (0.9, 4.4), (0.95, 6.0))]
    stripes, cells, _ = native.BARS
    assert native.below_bar([*ROWS[:2], *fast], stripes) == 0
    assert capsys.readouterr().out == (
        "stripe:4 at 80% / 90% / 95%: 3.00x / 4.40x / 6.00x the best dense float32 engine,"
        " 0.75x / 1.10x / 1.50x the best dense int8 (bar in float32 2.9 / 4.3 / 5.6: held)\n"
    )
    assert native.below_bar([*fast[:2], row("native", 40 / 5.5, 0.95)], stripes) == 1
    assert "MISSED" in capsys.readouterr().out
    bytes_ = [
        row("native:int8", 10 / times, share, arithmetic="int8", pattern="block:1x4")
        for share, times in ((0.8, 2.0), (0.9, 2.8), (0.95, 3.4))
    ]
    assert native.below_bar(bytes_, cells) == 1
    assert "2.00x / 2.80x / 3.40x the best dense int8 (bar in int8 2.0 / 2.8 / 3.5: MISSED)" in capsys.readouterr().out


def test_int8_of_our_own_is_no_rival_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    native = loaded(FOLDER / "native.py", monkeypatch)
    ours = row("native:int8", 2.0, 0.9, arithmetic="int8", pattern="block:1x4")
    rows = [{**one, "difference": 0.0} for one in (*ROWS, ours)]
    assert native._with_ratios(rows)[-1]["x_int8"] == 5.0


def test_the_projects_pages_hold_what_its_rows_say(report: ModuleType) -> None:
    found = json.loads((ROOT / "results" / "native.json").read_text(encoding="utf-8"))
    assert (ROOT / "results" / "native.md").read_text(encoding="utf-8") == report.table(found["rows"], found["machine"])
    for page in report.PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        assert filled(text, "native", report.summary(found["rows"], found["machine"])) == text
