"""The whole way one verb at a time, on files; and a training that was interrupted."""

import json
from pathlib import Path

import pytest
from safetensors import safe_open
from typer.testing import CliRunner

from tombola.cli.main import app


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(*words: str) -> str:
    """What a command prints on stdout."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def pretrained(*more: str) -> None:
    """A file ``net.safetensors``."""
    said(
        "pretrain",
        "resnet8",
        "--task",
        "digits",
        "--set",
        "epochs=2it",
        "--set",
        "batch=16",
        *more,
        "-o",
        "net.safetensors",
    )


def test_pretrain_draw_transfer_measure_export() -> None:
    pretrained()
    drawn = json.loads(
        said("draw", "path:net.safetensors", "--scheme", "omp", "--set", "sparsity=0.9", "-o", "x.ticket", "--json")
    )
    assert drawn["total"] - drawn["kept"] == round(0.9 * drawn["total"])
    said("transfer", "x.ticket", "--task", "digits", "--how", "linear", "-o", "adapted.ticket")
    Path("net.safetensors").unlink()  # an adapted ticket needs nothing beside itself
    rows = json.loads(said("measure", "adapted.ticket", "--task", "digits", "--property", "accuracy", "--json"))
    assert rows[0]["metric"] == "accuracy"
    assert rows[0]["samples"] == 599
    assert rows[0]["value"] > 20


def test_an_export_holds_the_zeros() -> None:
    pretrained()
    said("draw", "path:net.safetensors", "--set", "sparsity=0.9", "-o", "x.ticket")
    said("export", "x.ticket", "--to", "state_dict", "-o", "sparse.safetensors")
    with safe_open("sparse.safetensors", framework="pt") as file:
        weight = file.get_tensor("layer3.0.conv2.weight")
    assert float((weight == 0).float().mean()) > 0.8


def test_the_resnet18_ticket_is_exact_and_near_its_bound() -> None:
    shown = json.loads(
        said("draw", "torchvision:resnet18", "--scheme", "omp", "--set", "sparsity=0.9", "-o", "x.ticket", "--json")
    )
    assert shown["total"] == 11_166_912
    assert shown["total"] - shown["kept"] == round(0.9 * 11_166_912)
    assert Path("x.ticket").stat().st_size <= 1.05 * shown["bound_bytes"]
    with safe_open("x.ticket", framework="np") as file:
        assert file.metadata()["format"] == "tombola-ticket"
    assert "torchvision:resnet18" in said("show", "x.ticket")


def test_flags_and_settings_meet() -> None:
    pretrained("--objective", "adversarial", "--set", "objective.attack.steps=1", "--set", "objective.attack.eps=4/255")
    assert Path("net.safetensors").exists()
    assert not list(Path().glob(".net*")), "checkpoints are removed once the file is whole"


def test_a_member_is_listed_and_its_card_shown_as_json() -> None:
    assert "omp" in json.loads(said("list", "schemes", "--json"))
    card = json.loads(said("show", "attack", "pgd", "--json"))
    assert {option["name"]: option["kind"] for option in card["options"]}["step"] == "float | none > 0"
    assert "demo" in json.loads(said("list", "recipes", "--json"))
    assert "Cost:" in said("show", "recipe", "demo")
    fit = json.loads(said("show", "fit", "--json"))
    assert {"objective", "epochs", "optimizer"} <= {option["name"] for option in fit["options"]}


def test_options_of_the_model_and_the_task_are_set_by_path() -> None:
    pretrained("--set", "model.width=0.5", "--set", "task.size=8")
    shown = json.loads(said("draw", "path:net.safetensors", "-o", "x.ticket", "--json"))
    full = json.loads(said("draw", "resnet8", "-o", "y.ticket", "--json"))
    assert shown["total"] < full["total"] / 3, "half the channels are a quarter of the weights"
