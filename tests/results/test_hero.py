"""The README's first picture and what is said below it: as the stored rows have it."""

import json

from results.hero import HERE, bars, losses


def test_blocks_are_faster_than_dense_int8_from_80_stripes_from_90_per_cent() -> None:
    found = {bar.name: bar for bar in bars(json.loads((HERE / "native.json").read_text("utf-8"))["rows"])}
    assert [*found][:2] == ["dense float32", "dense int8"]
    rival = found["dense int8"]
    assert found["blocks, int8, 80% pruned"].ms < rival.ms
    assert found["stripes, 90% pruned"].ms < rival.ms < found["stripes, 80% pruned"].ms
    assert found["blocks, int8, 80% pruned"].megabytes < rival.megabytes
    assert found["stripes, 90% pruned"].megabytes < rival.megabytes < found["stripes, 80% pruned"].megabytes


def test_a_smaller_dense_net_loses_less_past_twice_the_speed() -> None:
    lost = {family: dict(points) for family, points in losses(HERE / "accuracy-latency").items()}
    small, stripes = lost["smaller dense nets"], lost["stripe:4 matched"]
    assert small[3.0] < stripes[3.0]
    assert (round(small[3.0], 1), round(stripes[3.0], 1)) == (6.3, 9.5), "as the README says"


def test_bars_are_the_fastest_dense_engine_of_each_arithmetic() -> None:
    def row(engine: str, ms: float, arithmetic: str, pattern: str = "", sparsity: float = 0.0) -> dict[str, object]:
        return {
            "net": "resnet18", "threads": 1, "batch": 1, "engine": engine, "p50_ms": ms, "arithmetic": arithmetic,
            "pattern": pattern, "budget": "uniform" if pattern else "", "sparsity": sparsity, "bytes": 1_000_000,
        }  # fmt: skip

    rows = [
        row("openvino", 9.0, "float32"),
        row("onnxruntime", 8.0, "float32"),
        row("native", 1.0, "float32"),
        row("openvino:int8", 4.0, "int8"),
        row("native", 3.0, "float32", "stripe:4", 0.9),
    ]
    assert [(bar.name, bar.ms) for bar in bars(rows)] == [
        ("dense float32", 8.0),
        ("dense int8", 4.0),
        ("stripes, 90% pruned", 3.0),
    ]
