"""What tasks that tell classes apart ask of the samples that are left to train on."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tombola.errors import DataError


def require_two(name: str, labels: Tensor, classes: Sequence[str], *, of: str, remedy: str) -> None:
    """Raise `DataError` where all of a set's training samples are of one class.

    ``of`` is what they are, as images, and ``remedy`` what brings back those that a share left out.
    """
    present = torch.unique(labels).tolist()
    if len(present) > 1:
        return
    only = ", ".join(classes[label] for label in present)
    raise DataError(
        f"{name}: all {len(labels)} training {of} are of one class ({only}), of {len(classes)};"
        f" telling apart needs two or more ({remedy}, where they were left out)"
    )
