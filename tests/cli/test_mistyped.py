"""Fifty lines that a newcomer types wrong or half right: each is answered in five lines of 80, with what to type."""

import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tombola.cli import failing
from tombola.cli.main import app

LINES = [
    # commands
    ("prune resnet20 -o x.ticket", "tombola draw"),
    ("train resnet20 --task digits -o x", "tombola pretrain"),
    ("finetune x.ticket", "tombola transfer"),
    ("eval x.ticket", "tombola measure"),
    ("benchmark x.ticket", "tombola bench"),
    ("exprt x.ticket", "tombola export"),
    ("version", "tombola --version"),
    ("help", "tombola --help"),
    ("ls", "tombola list"),
    ("store list", "tombola store ls"),
    # options
    ("draw resnet8 --sparsty 0.9 -o x.ticket", "--sparsity"),
    ("draw resnet8 --amount 0.9 -o x.ticket", "--sparsity"),
    ("draw resnet8 --output x.ticket", "--out"),
    ("draw resnet8 --prunable cv_lth -o x.ticket", "--set prunable=VALUE"),
    ("draw resnet8 --method imp -o x.ticket", "--scheme"),
    ("pretrain resnet8 --learning-rate 0.1 --task digits -o x", "--lr"),
    ("pretrain resnet8 --dataset digits -o x", "--task"),
    ("transfer x.ticket --batch-size 8 --task digits -o y.ticket", "--batch"),
    ("measure x.ticket --metric accuracy --task digits", "--property"),
    ("export x.ticket --format onnx -o x.onnx", "--to"),
    ("run demo --workers 2", "--runner"),
    ("draw resnet8 --frobnicate -o x.ticket", "--scheme"),
    # what is missing
    ("draw", "tombola draw torchvision:resnet18"),
    ("draw resnet8", "-o"),
    ("pretrain resnet8 -o x.safetensors", "--task digits"),
    ("transfer x.ticket -o y.ticket", "--task digits"),
    ("measure resnet8", "--task digits"),
    ("draw resnet8 --scheme imp -o x.ticket", "--task digits"),
    ("export x.ticket -o x.onnx", "--to"),
    ("bench", "tombola bench x.ticket"),
    ("show scheme", "tombola show scheme"),
    # names
    ("draw resnet18 -o x.ticket", "torchvision:resnet18"),
    ("draw resnet88 -o x.ticket", "resnet8"),
    ("draw torchvision:resnet81 -o x.ticket", "torchvision:resnet18"),
    ("draw torchvision:resnet18@IMAGENET -o x.ticket", "IMAGENET1K_V1"),
    ("draw resnet8 --scheme opm -o x.ticket", "omp"),
    ("draw resnet8 --pattern stripes:4 -o x.ticket", "stripe"),
    ("pretrain resnet8 --task digit -o x.safetensors", "digits"),
    ("pretrain resnet8 --task photos -o x.safetensors", "folder:photos"),
    ("pretrain resnet8 --task digits --objective adverserial -o x.safetensors", "adversarial"),
    ("measure resnet8 --task digits --property acuracy", "accuracy"),
    ("list scheems", "schemes"),
    ("show scheme impp", "imp"),
    ("run demmo", "demo"),
    ("show gone.ticket", "no such file"),
    # values
    ("draw resnet8 --sparsity 90 -o x.ticket", "write 0.9"),
    ("draw resnet8 --sparsity 90% -o x.ticket", "write 0.9"),
    ("draw resnet8 --sparsity=-0.5 -o x.ticket", "0"),
    ("draw resnet8 --set sparsity -o x.ticket", "sparsity=0.9"),
    ("draw resnet8 --set sparsity=0.5 --sparsity 0.9 -o x.ticket", "write one of them"),
    ("draw resnet8 --pattern nm:2 -o x.ticket", "nm:2:4"),
    ("pretrain resnet8 --task digits --epochs ten -o x.safetensors", "20ep"),
    ("pretrain resnet8 --task digits --set epochs=20 -o x.safetensors", "20ep"),
    ("pretrain resnet8 --task digits --lr fast -o x.safetensors", "number"),
    ("pretrain resnet8 --task digits --eps 8/255 -o x.safetensors", "--objective adversarial"),
    ("pretrain resnet8 --task digits --objective adversarial --eps 8 -o x.safetensors", "8/255"),
    ("draw resnet8 --data nowhere -o x.ticket", "--task digits"),
    ("draw resnet8 --data folder:. -o x.ticket", "--data ."),
    ("draw resnet8 --device gpu -o x.ticket", "cuda"),
    ("transfer x.ticket --task digits --how linear --epochs 3 -o y.ticket", "finetune"),
    ("draw resnet8 -o photos", "-o photos/name"),
    ("plan gone.yaml", "gone.yaml"),
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()


@pytest.mark.parametrize(("line", "typed"), LINES, ids=[line for line, _ in LINES])
def test_what_to_type_is_said_in_five_lines(line: str, typed: str) -> None:
    result = CliRunner().invoke(app, line.split())
    assert result.exit_code == 2, repr(result.exception)
    assert result.stdout == ""
    said = result.stderr
    assert said.startswith("error: ")
    assert typed in said
    lines = [part for text in said.splitlines() for part in textwrap.wrap(text, 80)]
    assert len(lines) <= 5, said


def test_there_are_fifty() -> None:
    assert len({line for line, _ in LINES}) >= 50


def test_a_warning_is_one_line_without_code(capsys: pytest.CaptureFixture[str]) -> None:
    failing.told_once()(UserWarning("one of 50 tensors"), UserWarning, "/x/schemes.py", 3)
    assert capsys.readouterr().err == "warning: one of 50 tensors\n"


def test_a_warning_of_every_stage_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    warned = failing.told_once()
    for said in ("names were matched", "a picture is broken", "names were matched"):
        warned(UserWarning(said), UserWarning, "/x/path.py", 3)
    assert capsys.readouterr().err == "warning: names were matched\nwarning: a picture is broken\n"
