"""The grid of robust classifiers: the release's names and files, our spelling, and errors that name what there is."""

import pytest
import torch

from tombola.errors import ModelError
from tombola.models.kinds import torchvision
from tombola.models.robust_grid import GRID, arch_of, chosen, is_choice, resolved


def test_the_grid_is_the_releases() -> None:
    sizes = {norm: sum(released.norm == norm for released in GRID.values()) for norm in ("l2", "linf")}
    assert sizes == {"l2": 4 * 10 + 6 * 2, "linf": 3 * 5}
    assert all(released.name == name == resolved(name) for name, released in GRID.items())
    files = {GRID[name].file for name in GRID}
    assert len(files) == len(GRID)
    assert {
        "resnet18_l2_eps0.ckpt",
        "resnet18_l2_eps0.01.ckpt",
        "resnet50_linf_eps4.0.ckpt",
        "wide_resnet50_2_linf_eps0.5.ckpt",
        "wide_resnet50_4_l2_eps5.ckpt",
        "densenet_l2_eps3.ckpt",
        "mobilenet_l2_eps0.ckpt",
    } <= files


def test_accuracies_are_the_published_ones() -> None:
    wanted = {
        "resnet18-l2-eps3": 53.12,
        "resnet50-l2-eps0": 75.80,
        "wide_resnet50_4-l2-eps5": 65.20,
        "vgg16_bn-l2-eps3": 57.19,
        "resnet50-linf-eps8": 54.53,
    }
    assert {name: GRID[name].top1 for name in wanted} == wanted


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("resnet18_l2_eps3", "resnet18-l2-eps3"),
        ("resnet18_l2_eps3.ckpt", "resnet18-l2-eps3"),
        ("resnet18-l2-eps3.0", "resnet18-l2-eps3"),
        ("densenet_l2_eps3", "densenet161-l2-eps3"),
        ("mobilenet-l2-eps0", "mobilenet_v2-l2-eps0"),
        ("resnet50_linf_eps4.0", "resnet50-linf-eps4"),
        ("resnet50-linf-eps4/255", "resnet50-linf-eps4"),
        ("resnet18-l2-eps=best", "resnet18-l2-eps=best"),
        ("resnet50-l2-eps=best@pets", "resnet50-l2-eps=best@pets"),
    ],
)
def test_one_model_has_one_name(text: str, name: str) -> None:
    assert resolved(text) == name


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("resnet34-l2-eps3", "no architecture 'resnet34', did you mean 'resnet50' or 'resnet18'"),
        ("resnet18-l2-eps2", r"robust has no resnet18-l2-eps2 \(eps of resnet18: l2 0, 0.01, .*; linf 0.5, 1, 2, 4, 8"),
        ("vgg16_bn-linf-eps4", r"eps of vgg16_bn: l2 0, 3, linf of 255"),
        ("resnet18-l2-eps3/255", "an L2 radius is in the .* write resnet18-l2-eps3"),
        ("resnet18-l1-eps3", "names are ARCH-l2-epsE"),
        ("resnet18", "robust has no model 'resnet18'"),
        ("vgg16_bn-l2-eps=best", "the table is of resnet18 and resnet50, not of vgg16_bn"),
        ("resnet18-l2-eps=best@pet", "no row for 'pet', did you mean 'pets'"),
        ("resnet18-linf-eps=best", "robust has no model"),
    ],
)
def test_wrong_names_are_explained(text: str, problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        resolved(text)


def test_best_is_chosen_by_data_and_transfer() -> None:
    assert is_choice("resnet18-l2-eps=best")
    assert not is_choice("resnet18-l2-eps3")
    assert chosen("resnet18-l2-eps=best", "cifar10", "finetune") == "resnet18-l2-eps3"
    assert chosen("resnet18-l2-eps=best", "cifar100", "finetune") == "resnet18-l2-eps1"
    assert chosen("resnet50-l2-eps=best@aircraft", "folder", "linear_sgd") == "resnet50-l2-eps1"
    assert chosen("resnet18-l2-eps0.5", "glyphs", "finetune") == "resnet18-l2-eps0.5"
    with pytest.raises(ModelError, match=r"no row for 'folder'.*eps=best@pets"):
        chosen("resnet18-l2-eps=best", "folder", "finetune")


PARAMETERS = {
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "wide_resnet50_2": 68_883_240,
    "wide_resnet50_4": 223_439_144,
    "densenet161": 28_681_000,
    "mnasnet1_0": 4_383_312,
    "mobilenet_v2": 3_504_872,
    "resnext50_32x4d": 25_028_904,
    "shufflenet_v2_x1_0": 2_278_604,
    "vgg16_bn": 138_365_992,
}


@pytest.mark.parametrize("arch", dict.fromkeys(map(arch_of, GRID)))
def test_every_architecture_is_built_with_a_thousand_classes(arch: str) -> None:
    with torch.device("meta"):
        body, _, _ = torchvision.classifier(arch, 1000)
    assert sum(tensor.numel() for tensor in body.parameters()) == PARAMETERS[arch]
