"""Accuracy against latency: a pattern's line, what is read off it, and the page with every number of the rows."""

import json
from collections.abc import Mapping
from math import isnan, sqrt
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.results.scripts import ROOT, loaded
from tombola.rows import Row, write_rows

FOLDER = ROOT / "results" / "accuracy-latency"

ACCURACY = {
    "dense": (80.0, 81.0, 82.0),
    "stripe:4 0.8": (78.0, 79.0, 80.0),
    "stripe:4 0.9": (72.0, 77.0, 76.0),
    "element 0.5": (81.0, 81.0, 81.0),
    "element 0.9": (70.0, 70.0, 70.0),
    "ResNet-8": (71.0, 71.0, 74.0),
}
SPEED = {
    "dense": 1.0,
    "stripe:4 0.8": 2.0,
    "stripe:4 0.9": 8.0,
    "element 0.5": 0.5,
    "element 0.9": 1.5,
    "ResNet-8": 2.0,
}


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return loaded(FOLDER / "lines.py", monkeypatch)


def rows() -> list[Row]:
    return [
        Row(
            cell={"net": name, "adapted": way},
            seed=seed,
            property="accuracy",
            metric="accuracy",
            value=value + lead,
            unit="%",
            samples=10000,
        )
        for way, lead in (("finetune", 0.0), ("linear", -20.0))
        for name, values in ACCURACY.items()
        for seed, value in enumerate(values)
    ]


def timed(speed: Mapping[str, float] = SPEED) -> list[dict[str, Any]]:
    """Latency rows, each net in a second engine that is slower."""
    return [
        {
            "net": name,
            "engine": engine,
            "batch": 1,
            "threads": 1,
            "ms": 1.0 / ratio,
            "ratio": ratio,
            "low": 0.9 * ratio,
            "high": 1.1 * ratio,
            "rounds": 5,
            "yardstick": "onnxruntime",
            "yardstick_ms": 1.0,
            "bytes": 123456,
            "difference": 0.0,
            "machine": "a machine",
        }
        for name, best in speed.items()
        for engine, ratio in (("torch", best / 3), ("native", best))
    ]


def test_a_net_stands_at_the_speed_of_its_fastest_engine(lines: ModuleType) -> None:
    found = {net.name: net for net in lines.nets_of(rows(), timed(), "finetune", 1)}
    assert {name: net.speed for name, net in found.items()} == SPEED
    assert found["stripe:4 0.9"].mean == pytest.approx(75.0)
    assert [found[name].family for name in ("dense", "element 0.5", "ResNet-8")] == ["dense", "element", lines.SMALLER]
    assert lines.nets_of(rows(), timed(), "finetune", 8) == []


def test_a_speed_is_against_the_best_the_dense_engines_ever_did(lines: ModuleType) -> None:
    measured = timed()
    measured[0] |= {"yardstick_ms": 0.5, "yardstick": "openvino"}
    found = {net.name: net for net in lines.nets_of(rows(), measured, "linear", 1)}
    assert {name: net.speed for name, net in found.items()} == {name: speed / 2 for name, speed in SPEED.items()}
    assert {net.latency["yardstick"] for net in found.values()} == {"openvino"}


def test_a_line_leaves_out_what_another_net_beats_in_both(lines: ModuleType) -> None:
    nets = lines.nets_of(rows(), timed(), "finetune", 1)
    kept = {family: [net.name for net in line] for family, line in lines.families(nets).items()}
    assert kept["stripe:4"] == ["dense", "stripe:4 0.8", "stripe:4 0.9"]
    assert kept["element"] == ["dense", "element 0.9"]  # at 50 % it is slower than dense and no better
    slow = lines.nets_of(rows(), timed({**SPEED, "stripe:4 0.8": 0.9}), "finetune", 1)
    assert [net.name for net in lines.families(slow)["stripe:4"]] == ["dense", "stripe:4 0.9"]


def test_what_is_lost_at_a_speed_is_straight_in_its_logarithm_seed_by_seed(lines: ModuleType) -> None:
    nets = lines.nets_of(rows(), timed(), "finetune", 1)
    dense, line = nets[0], lines.families(nets)["stripe:4"]
    assert lines.lost_at(line, dense, 2.0) == pytest.approx([2.0, 2.0, 2.0])
    assert lines.lost_at(line, dense, 4.0) == pytest.approx([5.0, 3.0, 4.0])
    assert lines.lost_at(line, dense, sqrt(2.0)) == pytest.approx([1.0, 1.0, 1.0])
    assert lines.lost_at(line, dense, 8.1) is None


def test_the_speed_at_a_loss_is_the_inverse(lines: ModuleType) -> None:
    nets = lines.nets_of(rows(), timed(), "finetune", 1)
    dense, line = nets[0], lines.families(nets)["stripe:4"]
    assert [lines.speed_at(line, dense, loss) for loss in (0.0, 2.0, 4.0, 6.0, 9.0)] == pytest.approx([1, 2, 4, 8, 8])
    assert isnan(lines.speed_at(line, dense, -1.0))


def test_the_page_and_the_picture_are_made_from_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(FOLDER / "lines.py", monkeypatch)
    page = loaded(FOLDER / "page.py", monkeypatch)
    write_rows(tmp_path / "rows.jsonl", rows())
    (tmp_path / "latency.jsonl").write_text("".join(json.dumps(line) + "\n" for line in timed()))
    assert page.main([str(tmp_path)]) == 0
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    for mean in ("75.0", "55.0"):  # finetuned, and linear
        told = f"| stripe:4 0.9 | {mean} ± 2.6 | 6.0 (1.0 to 11.0) | native | 0.125 | 8.00 | 2.67 torch |"
        assert told in text
    assert "3 seeds, 10,000 test images" in text
    assert "lost, least first, finetune, batch 1: at 2x the speed stripe:4 2.0 and smaller dense nets 9.0;" in text
    assert "The yardstick is the dense net in onnxruntime: 1.000 ms." in text
    assert (tmp_path / "accuracy-latency.png").read_bytes()[1:4] == b"PNG"


def test_the_page_in_the_repository_is_that_of_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(FOLDER / "lines.py", monkeypatch)
    page = loaded(FOLDER / "page.py", monkeypatch)
    for name in ("rows.jsonl", "latency.jsonl"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    page.main([str(tmp_path)])
    assert (tmp_path / "README.md").read_text("utf-8") == (FOLDER / "README.md").read_text("utf-8")
