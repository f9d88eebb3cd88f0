"""What a rung should take in our C before it is built: in both arithmetics, where this machine was calibrated."""

from pathlib import Path

import pytest
from tests.native.test_calibration import known

from tombola.models.source import Source
from tombola.race.entrants import NOTHING, Entrant
from tombola.race.foretold import foretold
from tombola.race.known import headed
from tombola.race.wanted import Wanted
from tombola.tasks._base import Task

WANTED = Wanted(Source.parse("resnet8"), Task.parse("digits"))


def rung(*engines: str, sparsity: float = 0.5) -> Entrant:
    how = {"name": "omp", "pattern": "block:1x4", "budget": "uniform", "prunable": "cv_lth", "sparsity": sparsity}
    return Entrant("a rung", {**NOTHING, **how}, engines)


def test_only_a_calibrated_machine_foretells_and_only_of_our_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOMBOLA_CACHE", str(tmp_path))
    network = headed(WANTED)
    assert foretold(network, rung("native"), WANTED) is None
    known().save()
    assert foretold(network, rung("native", "openvino"), WANTED) is None
    exact, whole = (foretold(network, rung(name), WANTED) for name in ("native", "native:int8"))
    assert exact is not None
    assert whole is not None
    assert 0 < whole < exact
    both = foretold(network, rung("native", "native:int8", sparsity=0.9), WANTED)
    assert both is not None
    assert both < whole
