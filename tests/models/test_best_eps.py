"""The table of best priors: whole, as published, and errors that list what it knows."""

import pytest

from tombola.errors import ModelError
from tombola.models.best_eps import ARCHITECTURES, TABLE, TASKS, TRANSFERS, best_eps
from tombola.models.robust_grid import GRID


def test_the_table_is_whole_and_every_eps_was_released() -> None:
    assert ARCHITECTURES == ("resnet18", "resnet50")
    assert len(TASKS) == 12
    assert len(TABLE) == 2 * 2 * 12
    assert all(f"{arch}-l2-eps{best.eps:g}" in GRID for (arch, _, _), best in TABLE.items())
    assert {best.lr for best in TABLE.values()} == {0.001, 0.01}
    assert all(best.lr == 0.01 for (_, how, _), best in TABLE.items() if how == "linear")


@pytest.mark.parametrize(
    ("arch", "task", "transfer", "eps", "top1"),
    [
        ("resnet18", "cifar10", "finetune", 3, 97.14),
        ("resnet18", "caltech101", "linear", 0.1, 89.49),
        ("resnet50", "birds", "finetune", 0.25, 73.71),
        ("resnet50", "sun397", "linear_sgd", 0.01, 54.88),
        ("resnet50", "food", "finetune", 0, 87.71),
    ],
)
def test_rows_are_as_published(arch: str, task: str, transfer: str, eps: float, top1: float) -> None:
    best = best_eps(arch, task, transfer)
    assert (best.eps, best.top1) == (eps, top1)


def test_finetuning_is_never_below_the_head_alone() -> None:
    for arch in ARCHITECTURES:
        for task in TASKS:
            assert best_eps(arch, task, "finetune").top1 > best_eps(arch, task, "linear").top1


def test_what_the_table_lacks_is_said() -> None:
    with pytest.raises(ModelError, match=r"the table has no row for 'digits'.*there are sun397, aircraft, "):
        best_eps("resnet18", "digits", "linear")
    with pytest.raises(ModelError, match="the table is of finetune and linear, not of masked"):
        best_eps("resnet18", "cifar10", "masked")
    with pytest.raises(ModelError, match="not of vgg16_bn; write its eps, as in robust:vgg16_bn-l2-eps3"):
        best_eps("vgg16_bn", "cifar10", "linear")
    assert set(TRANSFERS.values()) == {"finetune", "linear"}
