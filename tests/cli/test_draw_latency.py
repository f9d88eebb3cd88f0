"""``tombola draw --set latency=...``: the scheme follows from the option, and errors say what to type."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tombola.cli.main import app

NET = ["resnet8", "--set=model.width=0.25", "--device=cpu"]
COSTS = "--set=costs={.: [0.1, 1.0]}"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def draw(*words: str) -> Result:
    return CliRunner().invoke(app, ["draw", *NET, "-o", "x.ticket", *words])


def test_a_latency_chooses_the_scheme_that_prunes_to_it() -> None:
    result = draw("--set=latency=0.5", COSTS, "--set=pattern=stripe:4", "--json")
    assert result.exit_code == 0, result.output
    lineage = json.loads(result.stdout)["lineage"]
    assert lineage["scheme"]["name"] == "latency"
    known = lineage["extra"]["latency"]
    assert known["predicted_ms"] == pytest.approx(known["dense_ms"] / 2, rel=0.02)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scheme=omp", "--set=latency=0.5"], "latency=0.5 is no option of scheme omp: leave --scheme omp out"),
        (["--set=latency=0.5", "--set=sparsity=0.9"], "latency and sparsity: the one follows from the other"),
        (["--set=latency=2", COSTS], "write latency=0.5 for half of it, or latency=3.5ms"),
        (["--set=latency=0.01", COSTS], "the least that can be had is"),
    ],
)
def test_what_cannot_be_asked_says_what_to_type(words: list[str], said: str) -> None:
    result = draw(*words)
    assert result.exit_code != 0
    assert said in str(result.exception) + result.output
    assert not Path("x.ticket").exists()


def test_without_a_latency_it_is_omp_as_ever() -> None:
    result = draw("--set=sparsity=0.5", "--json")
    assert json.loads(result.stdout)["lineage"]["scheme"]["name"] == "omp"
