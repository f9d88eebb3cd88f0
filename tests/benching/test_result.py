"""Who won, and what is printed and drawn of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tombola import colours
from tombola.benching import table
from tombola.benching.numbers import Times
from tombola.benching.picture import write_picture
from tombola.benching.plain import plain
from tombola.benching.result import Measured, Result
from tombola.benching.verdict import verdict
from tombola.engines._base import LayerTime, Setting
from tombola.shown import ShownImages

LAYERS = (LayerTime("conv1", "conv", 0.002, 30, 120, "stripe"), LayerTime("pool", "pool", 0.001))


def measured(name: str, seconds: float, *, zeros: bool = False, layers: tuple[LayerTime, ...] = ()) -> Measured:
    """An engine of so many seconds."""
    found = Times(seconds, 1.1 * seconds, 0.9 * seconds, seconds, 100, 1)
    return Measured(name, zeros, found, 0.5, {"net": 1_500_000, "more": 500_000}, 3_000_000, 1e-7, None, layers)


def result(*engines: Measured, left_out: dict[str, str] | None = None) -> Result:
    """Of a ticket with three quarters pruned."""
    return Result(
        "resnet8", Setting(ShownImages((3, 32, 32))), 0.75, 25, 100, engines, left_out or {}, (0,), "a processor"
    )


SLOW, DENSE = measured("torch:default", 0.040), measured("onnxruntime", 0.020)
INT8 = replace(measured("openvino:int8", 0.008), arithmetic="int8")
BF16 = replace(measured("openvino:bf16", 0.012), arithmetic="bfloat16")
NO_INT8 = "; no dense int8 engine was timed beside it"


def test_the_yardsticks_are_the_fastest_dense_engine_of_each_arithmetic() -> None:
    sparse = measured("native", 0.005, zeros=True)
    found = result(SLOW, sparse, DENSE, INT8, BF16)
    assert found.best_dense == INT8
    assert [found.best_dense_in(name) for name in ("float32", "bfloat16", "int8")] == [DENSE, BF16, INT8]
    assert [found.ratio(engine, "float32") for engine in (SLOW, sparse, DENSE)] == [0.5, 4.0, 1.0]
    assert [found.ratio(engine, "int8") for engine in (sparse, INT8)] == [1.6, 1.0]
    assert result(DENSE).ratio(DENSE, "int8") is None


def test_a_ticket_that_beats_dense_int8_is_said_to_beside_float32() -> None:
    found = result(SLOW, measured("native", 0.005, zeros=True), DENSE, replace(INT8))
    assert verdict(replace(found, calibrated="images")) == (
        "this ticket in native is 1.60 times as fast as openvino:int8 on the dense net: 5.00 ms against 8.00 ms;"
        " against float32 (onnxruntime, 20.00 ms) the ticket is 4.00 times as fast"
    )


def test_it_is_said_plainly_when_dense_int8_wins_though_float32_loses() -> None:
    found = replace(result(DENSE, INT8, measured("native", 0.010, zeros=True)), calibrated="images")
    assert verdict(found) == (
        "openvino:int8 on the dense net is faster than this ticket in native: 8.00 ms against 10.00 ms;"
        " against float32 (onnxruntime, 20.00 ms) the ticket is 2.00 times as fast"
    )
    assert plain(found)["verdict"] == verdict(found)


def test_what_both_answer_right_stands_in_the_sentence_or_that_nobody_knows() -> None:
    native = replace(measured("native", 0.010, zeros=True), accuracy=91.0)
    known = replace(result(DENSE, replace(INT8, accuracy=90.5), native), samples=1200, calibrated="images")
    assert verdict(known).endswith("accuracy of 1,200 test images: 90.50 % in openvino:int8 and 91.00 % in native")
    assert verdict(result(DENSE, INT8, native)).endswith(
        "what openvino:int8 would answer right is unknown: calibrated on random pixels"
    )


def test_it_is_said_plainly_when_the_dense_engine_wins() -> None:
    found = result(DENSE, measured("native", 0.025, zeros=True), measured("shrunk:torch", 0.030, zeros=True))
    assert verdict(found) == (
        "onnxruntime on the dense net is faster than this ticket in native: 20.00 ms against 25.00 ms" + NO_INT8
    )


def test_a_net_that_answers_every_image_alike_is_not_called_fast() -> None:
    found = replace(result(DENSE, measured("native", 0.0001, zeros=True)), alike=True)
    assert verdict(found).startswith("this ticket gives every image the same logits, so its speed says nothing")
    assert plain(found)["alike"] is True


def test_without_both_kinds_there_is_nothing_to_compare() -> None:
    assert "nothing to compare" in verdict(result(DENSE))
    assert result(measured("native", 1.0, zeros=True)).ratio(DENSE, "float32") is None


def test_the_json_holds_milliseconds_and_bytes() -> None:
    found = json.loads(json.dumps(plain(result(DENSE, INT8, left_out={"openvino": "needs openvino"}))))
    int8, engine = found["engines"]
    assert (engine["p50_ms"], engine["bytes"], engine["x_float32"], engine["x_int8"]) == (20.0, 2_000_000, 1.0, 0.4)
    assert (int8["engine"], int8["arithmetic"], int8["x_float32"]) == ("openvino:int8", "int8", 2.5)
    assert (found["best_dense"], found["best_dense_float32"]) == ("openvino:int8", "onnxruntime")
    assert (found["calibrated_on"], found["samples"]) == (None, 0)
    assert found["left_out"] == {"openvino": "needs openvino"}
    assert found["setting"] == {"size": [3, 32, 32], "batch": 1, "threads": 1, "pin": [0]}


def test_dense_int8_stands_first_then_dense_then_what_uses_zeros() -> None:
    native, slow_int8 = measured("native", 0.005, zeros=True), replace(INT8, engine="onnxruntime:int8")
    slow_int8 = replace(slow_int8, times=replace(INT8.times, p50=0.03))
    found = result(SLOW, native, BF16, DENSE, slow_int8, INT8)
    names = ["openvino:int8", "onnxruntime:int8", "openvino:bf16", "onnxruntime", "torch:default", "native"]
    assert [engine.engine for engine in found.in_order] == names
    rows = table.lines(found)[2:9]
    assert [row.split()[0] for row in rows] == ["engine", *names]
    assert rows[-1].split()[:3] == ["native", "used", "float32"]
    assert rows[-1].split()[7:9] == ["1.60", "4.00"], "times as fast as dense int8, as dense float32"


def test_what_must_be_said_of_an_engine_is_said_once_for_all() -> None:
    blind = "calibrated on random pixels: its time is right, its accuracy is unknown"
    both = [replace(INT8, engine=name, remarks=(blind,)) for name in ("a:int8", "b:int8")]
    assert f"a:int8 and b:int8: {blind}" in table.lines(result(DENSE, *both))
    seen = replace(result(DENSE, INT8), calibrated="128 training images of the task")
    assert "openvino:int8: calibrated on 128 training images of the task" in table.lines(seen)


def test_accuracy_is_said_of_how_many_images_and_of_whose_net() -> None:
    told = replace(result(replace(DENSE, accuracy=90.0)), samples=1000, of=4000)
    lines = table.lines(told)
    assert "accuracy is of 1,000 of 4,000 test images" in lines
    assert any("never pruned" in line for line in lines)
    assert not any("never pruned" in line for line in table.lines(replace(told, kept=100)))


def test_the_table_says_what_was_left_out() -> None:
    lines = table.lines(result(SLOW, DENSE, left_out={"native": "no compiler"}))
    text = "\n".join(lines)
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
        "by the processor's time, without what others took, native is 4.00 times as fast as torch:default",
        "torch:default on the dense net is faster than this ticket in native: 1000.00 ms against 2000.00 ms" + NO_INT8,
    ]


def test_logits_that_are_not_torchs_are_told() -> None:
    wrong = Measured("native:int8", True, Times(1, 1, 1, 1, 10, 0), 0, {}, None, 0.05)  # noqa: FBT003
    broken = Measured("native", True, Times(1, 1, 1, 1, 10, 0), 0, {}, None, float("nan"))  # noqa: FBT003
    said = "\n".join(table.lines(result(wrong, broken)))
    assert "native:int8's logits are not torch's: they differ by 5e-02 of the largest" in said
    assert "native's logits are not torch's: they differ by nan" in said
    rounded = replace(INT8, difference=0.02)
    assert "not torch's" not in "\n".join(table.lines(result(rounded))), "it is int8, and the column says by how much"
    assert plain(result(broken))["engines"][0]["difference"] is None, "JSON has no NaN"


@pytest.mark.parametrize("layers", [(), LAYERS])
def test_a_picture_is_drawn(layers: tuple[LayerTime, ...], tmp_path: Path) -> None:
    from PIL import Image

    native = measured("native", 0.005, zeros=True, layers=layers)
    with Image.open(write_picture(result(SLOW, DENSE, INT8, native), tmp_path / "x.png", dpi=60)) as image:
        seen = {colour for _, colour in image.convert("RGB").getcolors(1 << 20) or []}
    tones = (colours.TICKET, colours.DENSE, colours.INT8)
    assert {tuple(bytes.fromhex(tone[1:])) for tone in tones} <= seen, "a bar of each kind"
