"""Which robust prior transfers best to which task: the measured table of Salman et al.

What: for twelve tasks, ResNet-18 and ResNet-50, and two ways to transfer, the L2 eps of the pretrained classifier that
  reached the highest top-1 accuracy, and the learning rate it took. The whole network was finetuned, or the head alone
  was trained (batch norm moving with the data): 150 epochs, batch 64, weight decay 5e-4, a tenth of the rate every 50.
When: one prior a task is wanted, as ``robust:resnet18-l2-eps=best``. An eps of 0 is the natural prior: robust is not
  always better. The table was chosen on test images, and for dense networks: it is a start, no proof about tickets.
Reference: Salman et al., Do Adversarially Robust ImageNet Models Transfer Better?, NeurIPS 2020, arXiv 2007.08489.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tombola.errors import ModelError, near

TRANSFERS: Final[Mapping[str, str]] = {"finetune": "finetune", "linear": "linear", "linear_sgd": "linear"}
"""Our ways to transfer, and which column is theirs."""

ALSO: Final[Mapping[str, str]] = {"birds": "birdsnap", "stanford_cars": "cars", "fgvc_aircraft": "aircraft"}
"""Other names of the tasks."""

_COLUMNS: Final = (("resnet18", "finetune"), ("resnet18", "linear"), ("resnet50", "finetune"), ("resnet50", "linear"))
_ROWS: Final = """
sun397      .001 0   59.58  .01 0   51.77  .001 0   62.38  .01 .01 54.88
aircraft    .01  0   80.89  .01 .5  41.91  .01  .01 86.14  .01 1   42.15
birdsnap    .01  .01 68.51  .01 .01 45.94  .01  .25 73.71  .01 .1  49.25
caltech101  .001 0   92.06  .01 .1  89.49  .001 .03 94.61  .01 1   91.07
caltech256  .001 .05 80.16  .01 .05 78.40  .001 .05 84.63  .01 .05 82.51
cifar10     .001 3   97.14  .01 3   91.64  .001 3   98.27  .01 3   94.81
cifar100    .001 1   84.41  .01 3   74.01  .001 3   87.45  .01 3   79.50
dtd         .001 0   72.34  .01 0   67.13  .001 .01 75.53  .01 .01 70.59
flowers     .01  0   96.22  .01 .1  91.36  .01  .01 96.98  .01 .1  91.46
food        .001 .01 84.06  .01 .03 60.26  .01  0   87.71  .01 .05 66.03
pets        .001 0   92.05  .01 0   89.78  .001 .05 93.71  .01 .03 91.32
cars        .01  0   88.22  .01 .1  45.67  .01  0   91.49  .01 .5  47.38
"""


@dataclass(frozen=True)
class Best:
    """The best prior of a task: its L2 eps, the learning rate it was transferred with, the accuracy in per cent."""

    lr: float
    eps: float
    top1: float


def _read() -> dict[tuple[str, str, str], Best]:
    found: dict[tuple[str, str, str], Best] = {}
    for line in _ROWS.strip().splitlines():
        task, *numbers = line.split()
        for place, column in enumerate(_COLUMNS):
            lr, eps, top1 = map(float, numbers[3 * place : 3 * place + 3])
            found[(*column, task)] = Best(lr, eps, top1)
    return found


TABLE: Final[Mapping[tuple[str, str, str], Best]] = _read()
"""By architecture, ``finetune`` or ``linear``, and task."""

TASKS: Final = tuple(dict.fromkeys(task for _, _, task in TABLE))
ARCHITECTURES: Final = tuple(dict.fromkeys(arch for arch, _, _ in TABLE))


def best_eps(architecture: str, task: str, transfer: str) -> Best:
    """The best prior of ``architecture`` for ``task`` under one of our transfers; raises `ModelError` naming others.

    >>> best_eps("resnet18", "cifar10", "linear").eps, best_eps("resnet50", "cars", "finetune").eps
    (3.0, 0.0)
    """
    check_choice(architecture, task)
    if transfer not in TRANSFERS:
        raise ModelError(
            f"eps=best: the table is of {' and '.join(dict.fromkeys(TRANSFERS.values()))}, not of {transfer};"
            f" write an eps, as in robust:{architecture}-l2-eps3"
        )
    return TABLE[architecture, TRANSFERS[transfer], ALSO.get(task, task)]


def check_choice(architecture: str, task: str | None = None) -> None:
    """Raises `ModelError` for an architecture or a task that the table does not have."""
    if architecture not in ARCHITECTURES:
        raise ModelError(
            f"eps=best: the table is of {' and '.join(ARCHITECTURES)}, not of {architecture}; write its eps, as in"
            f" robust:{architecture}-l2-eps3"
        )
    if task is not None and ALSO.get(task, task) not in TASKS:
        raise ModelError(
            f"eps=best: the table has no row for {task!r}{near(task, TASKS)}; name the row most like it, as in"
            f" eps=best@pets (there are {', '.join(TASKS)})"
        )
