"""Classifiers' tickets transferred to detection: masks stay, it learns to find things; on the command line too."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.transfers.halves import drawn, same
from typer.testing import CliRunner

from tombola import verbs
from tombola.cli.main import app
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.tasks._base import Task

BOXES = {"name": "detection:boxed_shapes", "size": 16, "num_train": 48, "num_val": 4, "num_test": 8}
FIT = {"epochs": "2ep", "batch": 8, "optimizer": {"name": "adamw", "lr": 0.002}, "head_lr": 0.01}


def adapted(how: str = "finetune", session: Session | None = None, **options: Any) -> Network:
    model, ticket = drawn()
    task = Task.parse({**BOXES, **options.pop("task", {})})
    return verbs.transfer(model, ticket, task, {"name": how, "fit": FIT, **options}, seed=1, session=session)


@pytest.mark.parametrize("options", [{}, {"augment_with": "flip_scale"}, {"augment_with": "none", "edges": 1.0}])
def test_finetuning_moves_the_body_and_pruned_weights_stay_zero(options: dict[str, Any]) -> None:
    model, ticket = drawn()
    result = adapted(task=options)
    for name, mask in ticket.masks.items():
        weight, before = result.body.get_parameter(name), model.body.get_parameter(name)
        assert not weight[~mask].any()
        assert not torch.equal(weight[mask], before[mask])


@pytest.mark.parametrize(
    "decoder", ["faster_rcnn:4", *(pytest.param(one, marks=pytest.mark.slow) for one in ("fcos:64", "retinanet:8"))]
)
def test_torchvisions_heads_stand_on_the_same_body(decoder: str, tmp_path: Path) -> None:
    model, ticket = drawn()
    task = Task.parse({**BOXES, "decoder": decoder, "num_train": 4, "num_test": 2})
    how = {"name": "finetune", "fit": {**FIT, "epochs": "1it", "batch": 4}}
    result = verbs.transfer(model, ticket, task, how, seed=1)
    for name, mask in ticket.masks.items():
        weight, before = result.body.get_parameter(name), model.body.get_parameter(name)
        assert not weight[~mask].any()
        assert not torch.equal(weight[mask], before[mask])
    assert same(result, verbs.transfer(model, ticket, task, how, seed=1))
    back = verbs.finished(str(verbs.keep(result, ticket, task).save(tmp_path / "adapted.ticket")), task)
    assert verbs.measure(back, task, "average_precision") == verbs.measure(result, task, "average_precision")


@pytest.mark.slow
def test_it_learns_to_find_shapes() -> None:
    fit = {"epochs": "6ep", "batch": 16, "optimizer": {"name": "adamw", "lr": 0.005}, "schedule": "cosine"}
    boxes = {"size": 24, "num_train": 240, "num_test": 40, "num_val": 20}
    result = adapted(task=boxes, fit=fit)
    row = verbs.measure(result, Task.parse({**BOXES, **boxes}), "average_precision")[1]
    assert (row.metric, row.value > 35) == ("ap50", True)


def test_with_a_frozen_body_the_head_alone_is_trained() -> None:
    model, ticket = drawn()
    result = adapted("linear_sgd")
    masked, after = verbs.applied(model, ticket).body.state_dict(), result.body.state_dict()
    kept = [name for name in masked if not name.startswith(f"{model.head_name}.")]
    assert all(torch.equal(masked[name], after[name]) for name in kept)


def test_a_ticket_drawn_on_detection_is_of_its_body() -> None:
    task = Task.parse(BOXES)
    detector = verbs.pretrain({"name": "resnet8", "width": 0.5}, task, {**FIT, "epochs": "1ep"})
    level = verbs.draw(detector, {"name": "imp", "sparsity": 0.2, "fit": {**FIT, "epochs": "2it"}}, task=task)
    assert 0.1 < level.masks.sparsity < 0.3
    again = verbs.transfer(detector, level, task, {"name": "finetune", "fit": {**FIT, "epochs": "2it"}})
    assert not again.body.get_parameter("layer1.0.conv1.weight")[~level.masks["layer1.0.conv1.weight"]].any()


@pytest.mark.parametrize("head", ["fresh", "pretrained", "kept"])
def test_every_level_begins_with_the_detectors_first_head_and_statistics(
    head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, begun, run = Task.parse(BOXES), list[tuple[dict[str, torch.Tensor], Masks]](), Fit.run
    detector = verbs.pretrain({"name": "resnet8", "width": 0.25}, task, {**FIT, "epochs": "2it"})

    def seen(fit: Fit, model: Network, task: Task, *, masks: Masks | None = None, **more: Any) -> Network:
        begun.append(({name: value.clone() for name, value in model.state_dict().items()}, masks or Masks({})))
        return run(fit, model, task, masks=masks, **more)

    monkeypatch.setattr(Fit, "run", seen)
    fit = {**FIT, "epochs": "2it"}
    verbs.draw(detector, {"name": "imp", "level": 3, "first": "train", "head": head, "fit": fit}, task=task)
    (first, _), *later = begun
    assert len(later) == 2
    for state, masks in later:
        for name, value in state.items():
            body = name.removeprefix("body.")
            kept = masks[body] if body in masks else torch.ones_like(value, dtype=torch.bool)
            of_head = name.startswith("head.") or f".{detector.head_name}." in f".{name}"
            assert torch.equal(value[kept], first[name][kept]) != (head == "kept" and of_head)


def test_training_against_an_attack_runs_on_the_loss() -> None:
    attack = {"name": "pgd", "steps": 1}
    fit = {**FIT, "epochs": "2it", "objective": {"name": "adversarial", "attack": attack}}
    assert not same(adapted(fit=fit), adapted(fit={**FIT, "epochs": "2it"}))


@pytest.mark.slow
def test_an_adapted_ticket_is_measured_from_its_file_alone(tmp_path: Path) -> None:
    task = Task.parse(BOXES)
    _, ticket = drawn()
    network = adapted()
    file = verbs.keep(network, ticket, task).save(tmp_path / "adapted.ticket")
    back = verbs.finished(str(file), task)
    assert same(network.body, back.body)
    assert verbs.measure(back, task, "average_precision") == verbs.measure(network, task, "average_precision")


@pytest.fixture
def tombola(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The command line in a folder of its own; what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> str:
        result = CliRunner().invoke(app, [*words])
        assert result.exit_code == 0, result.output
        return result.output

    return call


@pytest.mark.slow
def test_the_whole_way_on_the_command_line(tombola: Callable[..., str]) -> None:
    task = ["--task", "detection:boxed_shapes"]
    small = [
        "--set",
        "task.size=16",
        "--set",
        "task.num_train=16",
        "--set",
        "task.num_test=6",
        "--set",
        "task.num_val=2",
    ]
    tombola("pretrain", "resnet8", *task, *small, "--set", "epochs=2it", "--set", "batch=8", "-o", "boxes.safetensors")
    assert "average_precision" in tombola("measure", "path:boxes.safetensors", *task, *small, "--property", "headline")
    tombola("draw", "resnet8", "--scheme", "omp", "--set", "sparsity=0.5", "-o", "x.ticket")
    short = ["--set", "fit.epochs=2it", "--set", "fit.batch=8", "--set", "fit.head_lr=0.05"]
    tombola("transfer", "x.ticket", *task, "--how", "finetune", *short, *small, "-o", "adapted.ticket")
    rows = json.loads(tombola("measure", "adapted.ticket", *task, *small, "--property", "average_precision", "--json"))
    assert [row["metric"] for row in rows] == ["average_precision", "ap50", "ap75"]
