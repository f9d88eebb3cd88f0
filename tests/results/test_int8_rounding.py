"""What rounding costs and what last steps win: paired by seed, corrected for being three."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.results.scripts import ROOT, loaded
from tests.results.test_int8_front import rows
from tombola.rows import Row


@pytest.fixture
def rounding(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return loaded(ROOT / "results" / "int8-front" / "rounding.py", monkeypatch)


def study(net: str, cost: float, won: float) -> Iterator[Row]:
    """Five seeds of a net that loses so much by rounding, and wins so much of it back."""
    for seed in range(5):
        base = 80.0 + seed
        yield from rows(f"{net}, afterwards", seed, {"native": (2.0, base), "native:int8": (1.0, base + cost)})
        last = base + cost + won + 0.01 * (-1) ** seed
        yield from rows(f"{net}, last steps", seed, {"native": (2.0, base), "native:int8": (1.0, last)})


def test_each_net_has_what_it_costs_and_what_is_won(rounding: ModuleType) -> None:
    lines = list(rounding.table([*study("dense", -1.0, 0.75), *study("90%", -2.0, 0.0), *study("80%", 0.0, -0.5)]))[2:]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert [one[0] for one in cells] == ["dense", "90%", "80%"]
    assert cells[0][1:4] == ["82.00", "81.00", "-1.00 (-1.00 to -1.00)"]
    assert cells[0][5].startswith("+0.75 (+0.7")
    assert [one[-1] for one in cells] == ["wins", "undecided", "loses"]
