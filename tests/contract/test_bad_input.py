"""Bad input, whatever it is given to: one clear error that says what is wrong and what to write."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tombola import verbs
from tombola.attacks._base import Attack
from tombola.data._base import InMemory
from tombola.data._loading import batches
from tombola.errors import DataError, OptionError, RequestError
from tombola.models.network import Network
from tombola.objectives._base import Objective
from tombola.properties._base import Property
from tombola.registry import Member
from tombola.study.study import Study
from tombola.tasks._base import Task

RADII = ("eps", "sigma")
"""Options that say how far an image may move, or how much noise it gets."""


def _with_radii() -> list[tuple[type[Member], str, str]]:
    families: tuple[type[Member], ...] = (Attack, Objective, Property)
    return [
        (family, name, radius)
        for family in families
        for name in family.family.names()
        for radius in RADII
        if radius in family.family.get(name).model_fields
    ]


@pytest.mark.parametrize(("family", "name", "radius"), _with_radii())
def test_an_eps_of_8_where_8_of_255_was_meant_is_refused(family: type[Member], name: str, radius: str) -> None:
    with pytest.raises(RequestError, match=rf"{radius}=8 .*: images live in \[0, 1\]; for 8 of 255 write '8/255'"):
        family.parse({"name": name, radius: 8})
    assert getattr(family.parse({"name": name, radius: "8/255"}), radius) == pytest.approx(8 / 255)


def test_what_should_have_a_radius_has_one() -> None:
    found = {(family.__name__, name) for family, name, _ in _with_radii()}
    assert {("Attack", "pgd"), ("Attack", "square"), ("Objective", "noise"), ("Objective", "trades")} <= found
    assert {("Objective", "fast"), ("Objective", "free")} <= found


@pytest.mark.parametrize(
    ("family", "name", "step"),
    [
        (Attack, "pgd", "step"),
        (Attack, "fgsm", "step"),
        (Objective, "fast", "alpha"),
        (Objective, "free", "step"),
        (Objective, "trades", "step"),
    ],
)
def test_a_step_of_2_where_2_of_255_was_meant_is_refused(family: type[Member], name: str, step: str) -> None:
    with pytest.raises(RequestError, match=r"a step of 2 leaves every ball of eps=.*write '2/255'"):
        family.parse({"name": name, step: 2})
    assert getattr(family.parse({"name": name, step: "2/255"}), step) == pytest.approx(2 / 255)


@pytest.mark.parametrize(
    "holder",
    [
        {"pretrain": {"objective": {"name": "adversarial", "attack": {"name": "pgd", "eps": 8}}, "epochs": "1ep"}},
        {"pretrain": {"objective": {"name": "fast", "eps": 8}, "epochs": "1ep"}},
        {"transfer": {"name": "finetune", "fit": {"objective": {"name": "free", "eps": 8}, "epochs": "1ep"}}},
        {"measure": [{"name": "adversarial_accuracy", "attack": {"name": "pgd", "eps": 8}}]},
        {"measure": [{"name": "adversarial_accuracy", "attack": {"name": "fgsm", "eps": 8}}]},
    ],
)
def test_a_study_with_such_an_eps_is_refused_before_it_runs(holder: dict[str, Any]) -> None:
    study = {"model": "resnet8", "source": "glyphs", "target": "digits", "draw": {"sparsity": 0.5}, **holder}
    with pytest.raises(OptionError, match=r"eps=8 covers every image.*write '8/255'"):
        Study.of(study).cells()


def _pack(folder: Path, labels: Tensor, classes: list[str], x: Any = None) -> str:
    """A data set of ``pack:``, black images unless told otherwise."""
    pixels = np.zeros((len(labels), 8, 8, 3), dtype=np.uint8) if x is None else x
    np.savez(folder / "set.npz", x=pixels, y=labels.numpy(), classes=np.array(classes))
    return f"pack:{folder / 'set.npz'}"


def test_a_set_of_one_class_is_no_task(tmp_path: Path) -> None:
    task = Task.parse(_pack(tmp_path, torch.zeros(20, dtype=torch.int64), ["cat"]))
    with pytest.raises(DataError, match=r"one class \(cat\); telling apart needs two or more"):
        task.splits()


def test_a_set_with_images_of_one_class_alone_is_none_either(tmp_path: Path) -> None:
    task = Task.parse(_pack(tmp_path, torch.ones(20, dtype=torch.int64), ["cat", "dog"]))
    with pytest.raises(DataError, match="classes without an image to train on: cat"):
        task.splits()
    for what in ("accuracy", "calibration_error", {"name": "ood_auroc", "out": "digits"}):
        with pytest.raises(DataError, match="without an image to train on"):
            verbs.measure("resnet8", task, [what])


def test_first_labels_of_one_class_say_to_take_them_stratified(tmp_path: Path) -> None:
    data = _pack(tmp_path, torch.arange(200) % 2, ["cat", "dog"])
    first = {"name": data, "fraction": 0.007, "subset": "first"}
    with pytest.raises(DataError, match="subset=stratified"):
        Task.parse(first).splits()


def test_an_ood_set_that_is_the_tasks_own_is_refused() -> None:
    with pytest.raises(RequestError, match="out=digits is the task's own data; name another set, as in out=glyphs"):
        verbs.measure(_net(), "digits", [{"name": "ood_auroc", "out": "digits"}])


def _net(*more: nn.Module) -> Network:
    body = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 10), *more)
    return Network(body, source="toy", head="2")


@pytest.mark.parametrize(
    "what", ["calibration_error", *({"name": "ood_auroc", "out": "glyphs", "score": s} for s in ("msp", "energy"))]
)
def test_probabilities_where_logits_are_needed_are_refused(what: Any) -> None:
    with pytest.raises(RequestError, match="look like probabilities; this needs logits: leave out the softmax"):
        verbs.measure(_net(nn.Softmax(1)), "digits", [what])


@pytest.mark.parametrize("top", [1.0, 255.0, 3.0])
def test_pictures_that_are_no_bytes_are_refused_where_they_are_read(tmp_path: Path, top: float) -> None:
    x = np.full((20, 8, 8, 3), top, dtype=np.float32)
    with pytest.raises(DataError, match="type float32; expected uint8"):
        Task.parse(_pack(tmp_path, torch.arange(20) % 2, ["cat", "dog"], x)).splits()


@pytest.mark.parametrize("top", [1.0, 255.0, -1.0])
def test_a_data_set_of_ones_own_that_gives_floats_is_refused(top: float) -> None:
    images = InMemory(torch.full((4, 3, 8, 8), top), torch.tensor([0, 1, 0, 1]), ("cat", "dog"))
    with pytest.raises(DataError, match=r"images are uint8, 0 to 255, and a data set gave torch\.float32"):
        next(batches(images, 2))


@pytest.mark.parametrize("name", Attack.family.names())
def test_images_outside_the_bounds_are_refused_by_every_attack(name: str) -> None:
    x = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    net = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
    attack, targets = Attack.parse(name), torch.tensor([0, 1])
    for wrong, said in ((255 * x, r"outside \[0, 1\].*normalise"), (x * torch.nan, "nan")):
        with pytest.raises(RequestError, match=said):
            attack.perturb(net, wrong, targets, _loss, bounds=(0.0, 1.0), generator=torch.Generator().manual_seed(0))


def _loss(outputs: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.cross_entropy(outputs, targets, reduction="none")
