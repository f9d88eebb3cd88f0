"""Whether the class that outputs say is the right one."""

import torch
from torch import Tensor


def right(outputs: Tensor, targets: Tensor) -> Tensor:
    """1.0 or 0.0 for each target, of outputs (N, C, ...); NaN where they hold NaN, which argmax would take for a class.

    >>> right(torch.tensor([[1.0, 2.0], [3.0, 1.0], [float("nan"), 0.0]]), torch.tensor([1, 1, 0])).tolist()
    [1.0, 0.0, nan]
    """
    told = (outputs.argmax(1) == targets).float()
    return told.masked_fill_(outputs.isnan().any(1), torch.nan)
