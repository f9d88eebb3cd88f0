"""Ways take turns, and the median of each stands beside its turns."""

import pytest
from benchmarks.turns import medians


def test_ways_alternate_after_they_are_warm_and_the_median_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[tuple[str, int]] = []
    rates = {"one": iter([9.0, 1.0, 5.0, 3.0]), "the other": iter([9.0, 2.0, 2.0, 8.0])}

    def way(name: str, steps: int) -> float:
        asked.append((name, steps))
        return next(rates[name])

    ways = {name: lambda steps, name=name: way(name, steps) for name in rates}
    assert medians(ways, "pairs", steps=7, rounds=3, warm=2) == [3.0, 2.0]
    assert asked == [("one", 2), ("the other", 2), *[("one", 7), ("the other", 7)] * 3]
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["one", "3.0", "pairs/s", "(turns", "1.0,", "3.0,", "5.0)"]
    assert second.startswith("the other")
