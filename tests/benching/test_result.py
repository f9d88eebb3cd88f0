"""Who won, and what is printed and drawn of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tombola.benching import table
from tombola.benching.numbers import Times
from tombola.benching.picture import write_picture
from tombola.benching.result import Measured, Result
from tombola.engines._base import LayerTime, Setting

LAYERS = (LayerTime("conv1", "conv", 0.002, 30, 120, "stripe"), LayerTime("pool", "pool", 0.001))


def measured(name: str, seconds: float, *, zeros: bool = False, layers: tuple[LayerTime, ...] = ()) -> Measured:
    """An engine of so many seconds."""
    found = Times(seconds, 1.1 * seconds, 0.9 * seconds, seconds, 100, 1)
    return Measured(name, zeros, found, 0.5, {"net": 1_500_000, "more": 500_000}, 3_000_000, 1e-7, None, layers)


def result(*engines: Measured, left_out: dict[str, str] | None = None) -> Result:
    """Of a ticket with three quarters pruned."""
    return Result("resnet8", Setting((3, 32, 32)), 0.75, 25, 100, engines, left_out or {}, (0,), "a processor")


SLOW, DENSE = measured("torch:default", 0.040), measured("onnxruntime", 0.020)


def test_the_yardstick_is_the_fastest_dense_engine() -> None:
    sparse = measured("native", 0.005, zeros=True)
    found = result(SLOW, sparse, DENSE)
    assert found.best_dense == DENSE
    assert [found.ratio(engine) for engine in (SLOW, sparse, DENSE)] == [0.5, 4.0, 1.0]
    assert found.verdict() == (
        "this ticket in native is 4.00 times as fast as onnxruntime on the dense net: 5.00 ms against 20.00 ms"
    )


def test_it_is_said_plainly_when_the_dense_engine_wins() -> None:
    found = result(DENSE, measured("native", 0.025, zeros=True), measured("shrunk:torch", 0.030, zeros=True))
    assert found.verdict() == (
        "onnxruntime on the dense net is faster than this ticket in native: 20.00 ms against 25.00 ms"
    )


def test_a_net_that_answers_every_image_alike_is_not_called_fast() -> None:
    found = replace(result(DENSE, measured("native", 0.0001, zeros=True)), alike=True)
    assert found.verdict().startswith("this ticket gives every image the same logits, so its speed says nothing")
    assert found.plain()["alike"] is True


def test_without_both_kinds_there_is_nothing_to_compare() -> None:
    assert "nothing to compare" in result(DENSE).verdict()
    assert result(measured("native", 1.0, zeros=True)).ratio(DENSE) is None


def test_the_json_holds_milliseconds_and_bytes() -> None:
    plain = json.loads(json.dumps(result(DENSE, left_out={"openvino": "needs openvino"}).plain()))
    (engine,) = plain["engines"]
    assert (engine["p50_ms"], engine["bytes"], engine["ratio"]) == (20.0, 2_000_000, 1.0)
    assert plain["left_out"] == {"openvino": "needs openvino"}
    assert plain["setting"] == {"size": [3, 32, 32], "batch": 1, "threads": 1, "pin": [0]}


def test_the_table_has_the_fastest_first_and_what_was_left_out() -> None:
    lines = table.lines(result(SLOW, DENSE, left_out={"native": "no compiler"}))
    text = "\n".join(lines)
    assert text.index("onnxruntime") < text.index("torch:default")
    assert "native is left out: no compiler" in lines
    assert "accuracy" not in text, "nobody asked for it"
    assert "75.0 % of 100 weights pruned" in lines[0]


def test_layers_say_where_the_time_goes_and_what_survives() -> None:
    rows = table.layer_rows(LAYERS, {"conv1": 0.005})
    assert rows[1] == ("conv1", "conv", "2.000 ms", "66.7 %", "5.000 ms", "2.50", "30", "120", "25.0 %", "stripe")
    assert rows[2][4:] == ("", "", "", "", "", "")


def test_layers_of_sparse_engines_stand_beside_a_dense_ones() -> None:
    native, dense = measured("native", 0.01, zeros=True, layers=LAYERS), measured("onnxruntime", 0.02, layers=LAYERS)
    assert result(dense, native).layered == [native]
    assert result(dense, native).dense_layers() == {"conv1": 0.002, "pool": 0.001}
    assert result(dense, measured("native", 0.01, zeros=True)).layered == [dense]
    assert "native, layer by layer:" in table.lines(result(dense, native))


def test_a_busy_machine_is_told() -> None:
    busy = Measured("torch:default", False, Times(1, 1, 1, 1, 10, 9), 0, {}, None, 0.0)  # noqa: FBT003
    assert any("this machine is busy" in line for line in table.lines(result(busy)))
    faster = Measured("native", True, Times(2, 2, 2, 0.25, 10, 9), 0, {}, None, 0.0)  # noqa: FBT003
    assert table.lines(result(busy, faster))[-2:] == [
        "by the processor's time, without what others took, native is 4.00 times as fast as dense",
        "torch:default on the dense net is faster than this ticket in native: 1000.00 ms against 2000.00 ms",
    ]


def test_logits_that_are_not_torchs_are_told() -> None:
    wrong = Measured("native:int8", True, Times(1, 1, 1, 1, 10, 0), 0, {}, None, 0.05)  # noqa: FBT003
    broken = Measured("native", True, Times(1, 1, 1, 1, 10, 0), 0, {}, None, float("nan"))  # noqa: FBT003
    said = "\n".join(table.lines(result(wrong, broken)))
    assert "native:int8's logits are not torch's: they differ by 5e-02 of the largest" in said
    assert "native's logits are not torch's: they differ by nan" in said
    assert result(broken).plain()["engines"][0]["difference"] is None, "JSON has no NaN"


@pytest.mark.parametrize("layers", [(), LAYERS])
def test_a_picture_is_drawn(layers: tuple[LayerTime, ...], tmp_path: Path) -> None:
    from PIL import Image

    native = measured("native", 0.005, zeros=True, layers=layers)
    with Image.open(write_picture(result(SLOW, DENSE, native), tmp_path / "x.png", dpi=60)) as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20) or []}
    assert {(0, 114, 178), (167, 176, 186)} <= colours, "a bar of each kind"
