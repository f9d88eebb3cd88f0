"""The table of tickets in int8: ratios of one bench through the yardstick, points paired by seed, the rule's words."""

from collections.abc import Iterator, Mapping
from types import ModuleType

import pytest

from tests.results.scripts import ROOT, loaded
from tombola.rows import Row


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return loaded(ROOT / "results" / "int8-front" / "front.py", monkeypatch)


def rows(net: str, seed: int, engines: Mapping[str, tuple[float, float | None]]) -> Iterator[Row]:
    """Milliseconds and accuracy by engine, as a study's bench leaves them."""
    for engine, (ms, accuracy) in engines.items():
        for metric, value in (("latency", ms), ("bytes", 1e6), ("accuracy", accuracy)):
            if value is not None:
                yield Row(
                    study="s", cell={"net": net}, seed=seed, property="bench", metric=metric, value=value,
                    samples=100, detail={"engine": engine},
                )  # fmt: skip


def study(ticket: list[float]) -> list[Row]:
    """A dense net whose int8 is 10 ms at best, and a ticket timed on a machine that had become half as fast."""
    found: list[Row] = []
    for seed, accuracy in enumerate(ticket):
        dense = {"openvino": (30.0, 90.0), "openvino:int8": (12.0, 89.9), "native:int8": (10.0, 89.8)}
        found += rows("dense", seed, dense)
        found += rows("block", seed, {"native:int8": (10.0, accuracy), "openvino:int8": (24.0, None)})
    return found


def test_a_ratio_is_of_one_bench_and_of_the_fastest_dense_int8(front: ModuleType) -> None:
    found = {(line.net, line.engine): line for line in front.lines_of(study([89.5, 89.6, 89.4]))}
    assert found["block", "native:int8"].times == pytest.approx(2.0)  # not 1.0, as the two benches' own would say
    assert found["dense", "native:int8"].times == pytest.approx(1.0)
    assert found["dense", "openvino"].points == [0, 0, 0]
    assert found["block", "native:int8"].points == pytest.approx([-0.5, -0.4, -0.6])
    assert len(found) == 4  # what was only timed is no line


@pytest.mark.parametrize(
    ("ticket", "verdict", "answer"),
    [
        ([89.5, 89.6, 89.4], "holds", "2.00 times as fast as dense int8"),
        ([89.9, 88.4, 89.9], "undecided: the interval reaches below the margin", "2.00 times as fast"),
        (
            [88.5, 88.6, 88.4],
            "misses the margin",
            (
                "Nothing sparse holds the margin and is faster than dense int8: ship the dense net in int8,"
                " by native:int8, 1.20 times as fast as openvino:int8"
            ),
        ),
    ],
)
def test_the_rule_says_what_holds(front: ModuleType, ticket: list[float], verdict: str, answer: str) -> None:
    lines = front.lines_of(study(ticket))
    assert next(line.verdict for line in lines if line.net == "block") == verdict
    assert answer in front.answer(lines)
