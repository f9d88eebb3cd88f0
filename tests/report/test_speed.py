"""A study that timed its networks says how fast they are, in its first lines and as a picture."""

import re

from tests.report.rows import row

from tombola.report.about import About
from tombola.report.curves import read_results
from tombola.report.figures.speed import Speed
from tombola.report.headline import headline
from tombola.report.speed import fastest, timed
from tombola.rows import Row

MS = {(0.0, "onnxruntime:int8"): 10.0, (0.0, "native"): 40.0, (0.9, "onnxruntime:int8"): 10.0, (0.9, "native"): 4.0}


def rows(ms: dict[tuple[float, str], float] = MS) -> list[Row]:
    """Two sparsities in two engines, three seeds; pruning costs six points, int8 one."""
    found = []
    for (sparsity, engine), value in ms.items():
        for seed in range(3):
            told = {"property": "bench", "detail": {"engine": engine, "batch": 1}}
            timing = row(value + seed - 1, seed, unit="ms", better="lower", samples=0, draw__sparsity=sparsity)
            share = row(90.0 - (6 if sparsity else 0) - ("int8" in engine), seed, draw__sparsity=sparsity)
            found += [timing.model_copy(update={**told, "metric": "latency"})]
            found += [share.model_copy(update={**told, "metric": "accuracy"})]
    return found


def test_the_fastest_sparse_network_stands_against_the_dense_ones_fastest_engine() -> None:
    text = fastest(read_results(rows()))
    assert text == (
        "the fastest ticket (90 %, native) takes 4.000 ms against the 10.00 ms of the dense network in"
        " onnxruntime:int8: 2.50 times as fast, 5.0 points less accurate."
    )
    assert headline(read_results(rows()), About(task="digits")) == f"On digits, {text}"


def test_it_is_said_where_dense_int8_is_faster() -> None:
    slow = {**MS, (0.9, "native"): 12.0}
    assert fastest(read_results(rows(slow))).startswith("no sparse network is faster than the 10.00 ms")


def test_a_study_that_timed_nothing_says_nothing() -> None:
    untimed = [row(90.0, draw__sparsity=s) for s in (0.0, 0.9)]
    assert timed(read_results(untimed)) == []
    assert fastest(read_results(untimed)) == ""
    assert Speed().draw(untimed, About()) is None


def test_every_network_and_engine_is_a_point_and_a_line_of_the_table() -> None:
    drawn = Speed().draw(rows(), About())
    assert drawn is not None
    assert drawn.fragment.count('class="mean"') == 4
    assert re.findall(r'class="pt c(\d)', drawn.fragment) == ["2", "2", "4", "7"], "tickets, dense int8, dense float32"
    assert drawn.table is not None
    assert drawn.table.rows[0] == ("90 %, native", "4.000 ± 1.000", "84.0 ± 0.0", "3")
