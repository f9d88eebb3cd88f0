"""``tombola measure x.ticket``: what a ticket's own properties need, and what they are refused for."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tombola.cli.main import app


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(*words: str, code: int = 0) -> str:
    """What a command prints; on stderr when it is refused."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return str(result.stderr if code else result.stdout)


def measured(*words: str) -> dict[str, dict[str, Any]]:
    """Rows by metric and layer."""
    rows = json.loads(said("measure", *words, "--json"))
    return {" ".join([row["metric"], row["detail"].get("layer", "")]).strip(): row for row in rows}


def drawn(out: str, *words: str) -> str:
    said("draw", "resnet8", *words, "-o", out)
    return out


def test_a_tickets_own_property_needs_no_task() -> None:
    ticket = drawn("x.ticket", "--set", "sparsity=0.9")
    rows = measured(ticket, "--property", "density", "--property", "dead_kernels")
    assert rows["density"]["value"] == pytest.approx(10, abs=0.01)
    assert len([name for name in rows if name.startswith("layer_density")]) == 7
    assert rows["dead_kernels"]["property"] == "dead_kernels"
    text = said("measure", ticket, "--property", "density")
    assert "layer_density" in text
    assert "conv1.weight" in text
    assert "(n=0)" not in text


@pytest.mark.parametrize("how", [[], ["--self-contained"]])
@pytest.mark.parametrize("net", ["resnet20", "resnet56"])
def test_another_net_is_refused_though_its_first_layers_fit(net: str, how: list[str]) -> None:
    refused = said("measure", drawn("x.ticket", *how), "--property", "density", "--model", net, code=2)
    assert f"the ticket is of resnet8, not of {net}" in refused


def test_two_files_are_compared_and_options_set() -> None:
    one, other = drawn("x.ticket"), drawn("y.ticket", "--scheme", "random")
    rows = measured(one, "--property", f"overlap:{other}")
    assert rows["overlap"]["value"] == pytest.approx(rows["expected_overlap"]["value"], abs=1)
    assert rows["overlap"]["detail"]["reference"].startswith("y.ticket (")
    rows = measured(one, "--property", "nesting", "--set", "reference.name=omp", "--set", "reference.sparsity=0.5")
    assert rows["nesting"]["value"] == 100


def test_controls_are_drawn_from_files_names_too() -> None:
    matched = drawn("m.ticket", "--scheme", "layer_matched", "--set", "of.sparsity=0.8")
    densities = measured(matched, "--property", "density")
    assert densities["density"]["value"] == pytest.approx(20, abs=0.01)
    distance = measured(matched, "--property", "distance_from_omp")
    assert distance["distance_from_omp"]["value"] == pytest.approx(distance["expected_distance"]["value"], abs=1)


def test_an_accuracy_needs_a_task_and_a_density_a_ticket() -> None:
    ticket = drawn("x.ticket")
    assert "write --task" in said("measure", ticket, code=2)
    assert "name a .ticket file" in said("measure", "resnet8", "--property", "density", code=2)


def test_a_network_that_is_not_the_tickets_is_refused_where_its_weights_count() -> None:
    ticket = drawn("x.ticket")
    assert "drawn from other weights" in said(
        "measure", ticket, "--property", "distance_from_omp", "--model", "resnet8", "--seed", "1", code=2
    )
    assert measured(ticket, "--property", "density", "--model", "resnet8", "--seed", "1")["density"]["seed"] == 1


@pytest.mark.slow
def test_a_property_of_two_networks_takes_the_dense_one_beside_the_ticket() -> None:
    task = ["--task", "digits", "--set", "task.num_train=60"]
    ticket = drawn("x.ticket", "--set", "sparsity=0.9")
    for what, out in ((ticket, "a.ticket"), ("resnet8", "dense.ticket")):
        said("transfer", what, *task, "--how", "linear", "-o", out)
    rows = measured("a.ticket", "--dense", "dense.ticket", "--property", "agreement", *task)
    assert 0 < rows["agreement"]["value"] < 100
    assert rows["agreement"]["detail"]["low"] < rows["agreement"]["value"]
    assert (
        measured("dense.ticket", "--dense", "dense.ticket", "--property", "agreement", *task)["agreement"]["value"]
        == 100
    )
    assert "name the other one, as in --dense" in said("measure", "a.ticket", "--property", "agreement", *task, code=2)
