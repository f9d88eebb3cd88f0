"""A ticket on a folder it never saw: its size, its classes by name, which images, how sure, which were wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tombola.cli.main import app

FEW = ("--set", "task.size=8", "--set", "task.num_train=60")


def folder(root: Path, names: dict[str, str]) -> Path:
    """Twenty digits of the set for each name, in a folder called ``names[digit]``."""
    from tombola.data.digits import read_digits

    digits = read_digits(8)
    for digit, name in names.items():
        (root / name).mkdir(parents=True)
        chosen = (digits.labels == int(digit)).nonzero().flatten()[:20].tolist()
        for index in chosen:
            Image.fromarray(np.ascontiguousarray(digits.pixels[index].permute(1, 2, 0).numpy())).save(
                root / name / f"{index}.png"
            )
    return root


@pytest.fixture(scope="module")
def ticket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("adapted")
    for words in (
        ("draw", "resnet8", "--set", "model.width=0.5", "--set", "sparsity=0.5", "-o", f"{here}/x.ticket"),
        ("transfer", f"{here}/x.ticket", "--task", "digits", *FEW, "--how", "linear", "-o", f"{here}/a.ticket"),
    ):
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == 0, done.output
    assert "validation samples" in done.stdout, "a training ends with a score"
    return here / "a.ticket"


def measured(ticket: Path, place: Path, *more: str, code: int = 0) -> str:
    done = CliRunner().invoke(
        app, ["measure", str(ticket), "--task", f"folder:{place}", "--set", "task.split=all", *more]
    )
    assert done.exit_code == code, done.output
    return done.output if code else done.stdout


DIGITS = {digit: digit for digit in "0123456789"}


def test_the_whole_folder_at_the_size_adapted_with(ticket: Path, tmp_path: Path) -> None:
    place = folder(tmp_path / "new", DIGITS)
    (row,) = json.loads(measured(ticket, place, "--json"))
    assert row["samples"] == 200
    assert "200 images of 8 pixels" in row["detail"]["split"]
    assert row["detail"]["low"] < row["value"] < row["detail"]["high"]
    assert row["value"] > 60
    said = measured(ticket, place)
    assert "95 % interval" in said
    assert "all images of" in said


def test_what_is_wrong_is_listed_by_file(ticket: Path, tmp_path: Path) -> None:
    place = folder(tmp_path / "new", DIGITS)
    (accuracy,) = json.loads(measured(ticket, place, "--json"))
    rows = json.loads(measured(ticket, place, "--property", "mistakes", "--json"))
    wrong = [row for row in rows if row["metric"] == "wrong"]
    assert len(wrong) == round(200 - 2 * accuracy["value"])
    assert all((place / row["detail"]["image"]).is_file() for row in wrong)
    assert sum(row["value"] for row in rows if row["metric"] == "confused") == len(wrong)


def test_a_renamed_class_is_refused_by_name(ticket: Path, tmp_path: Path) -> None:
    place = folder(tmp_path / "new", {**DIGITS, "3": "three"})
    said = measured(ticket, place, code=2)
    assert "it lacks '3' and it has 'three' besides" in " ".join(said.split())
