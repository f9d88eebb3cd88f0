"""``tombola adopt``: from another program's file to finetuning, measuring and exporting, on the command line."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn
from torch.nn.utils import prune
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.models.source import Source

DIGITS = ("--task", "digits", "--set", "task.num_train=40")
SHORT = ("--how", "finetune", "--set", "fit.epochs=1it", "--set", "fit.batch=16")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def zeros(file: str, name: str) -> float:
    with safe_open(file, framework="pt") as opened:
        return float((opened.get_tensor(name) == 0).float().mean())


def pruned_by_torch() -> None:
    body = Source.parse("resnet8").load().body
    weights = [(module, "weight") for module in body.modules() if isinstance(module, nn.Conv2d)]
    prune.global_unstructured(weights, prune.L1Unstructured, amount=0.8)
    torch.save({"state_dict": {f"module.{name}": value for name, value in body.state_dict().items()}}, "net.pth.tar")


def test_a_net_pruned_by_torch_is_measured_finetuned_and_exported() -> None:
    pruned_by_torch()
    adopted = json.loads(said("adopt", "net.pth.tar", "--model", "resnet8", "-o", "x.ticket", "--json"))
    assert adopted["kind"] == "self-contained"
    assert adopted["total"] - adopted["kept"] == round(0.8 * adopted["total"])
    (row,) = json.loads(said("measure", "x.ticket", *DIGITS, "--json"))
    assert row["metric"] == "accuracy"
    said("transfer", "x.ticket", *DIGITS, *SHORT, "-o", "y.ticket")
    said("measure", "y.ticket", *DIGITS)
    said("export", "y.ticket", "--to", "state_dict", "-o", "y.safetensors")
    said("export", "x.ticket", "--to", "state_dict", "-o", "x.safetensors")
    name = "layer3.0.conv2.weight"
    assert zeros("x.safetensors", name) == zeros("y.safetensors", name) > 0.7
    assert "adopted" in said("show", "y.ticket")


def test_masks_alone_go_on_the_named_weights() -> None:
    pruned_by_torch()
    whole = torch.load("net.pth.tar", weights_only=True)["state_dict"]
    torch.save({name: value for name, value in whole.items() if "mask" in name}, "mask.pt")
    said("adopt", "mask.pt", "--model", "resnet8", "--seed", "3", "-o", "x.ticket")
    said("transfer", "x.ticket", *DIGITS, *SHORT, "-o", "y.ticket")
    said("export", "x.ticket", "--to", "state_dict", "-o", "x.safetensors")
    assert zeros("x.safetensors", "layer3.0.conv2.weight") > 0.7
    said("adopt", "net.pth.tar", "--mask-only", "--model", "resnet8", "--seed", "3", "-o", "z.ticket")
    assert json.loads(said("show", "z.ticket", "--json"))["kind"] == "mask-only"


def test_options_and_renaming() -> None:
    body = Source.parse("resnet8").load().body.state_dict()
    body = {f"stage{name[5:]}" if name.startswith("layer") else name: value for name, value in body.items()}
    body = {name: torch.zeros_like(value) if name.endswith("conv2.weight") else value for name, value in body.items()}
    torch.save(body, "net.pt")
    said(
        *("adopt", "net.pt", "--model", "resnet8", "--rename", "^stage=layer", "--set", "prunable=re:conv2"),
        *("--set", "model.normalise=cifar10", "--values", "float16", "-o", "x.ticket"),
    )
    shown = json.loads(said("show", "x.ticket", "--json"))
    assert (shown["kept"], shown["values"]) == (0, "float16")
    source = shown["lineage"]["origin"]["source"]
    assert source["mean"] == pytest.approx([0.4914, 0.4822, 0.4465]), source


@pytest.mark.parametrize(
    ("more", "match"),
    [
        (("--rename", "x"), "write PATTERN=NEW"),
        (("--set", "sparsity=0.5"), "adopt has no option 'sparsity'"),
        (("--set", "prunable=cv_lht"), "did you mean 'cv_lth'"),
        (("--values", "fp8"), "float32, float16, bfloat16"),
    ],
)
def test_wrong_requests_leave_nothing(more: tuple[str, ...], match: str) -> None:
    body = Source.parse("resnet8").load().body.state_dict()
    torch.save({name: value * (value.abs() > 0.05) for name, value in body.items()}, "net.pt")
    result = CliRunner().invoke(app, ["adopt", "net.pt", "--model", "resnet8", "-o", "x.ticket", *more])
    assert result.exit_code == 2, result.output
    assert match in result.stderr
    assert sorted(path.name for path in Path().iterdir()) == ["net.pt"]
