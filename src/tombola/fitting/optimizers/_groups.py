"""Which parameters weight decay pulls on."""

from collections.abc import Iterable
from typing import Any

from torch import nn


def decay_groups(
    parameters: Iterable[nn.Parameter], weight_decay: float, *, spare_vectors: bool
) -> list[dict[str, Any]]:
    """Parameter groups for torch: one, or two when biases and norm scales (tensors of one dimension) are spared."""
    given = list(parameters)
    if not spare_vectors or weight_decay == 0:
        return [{"params": given, "weight_decay": weight_decay}]
    pulled = [parameter for parameter in given if parameter.ndim > 1]
    spared = [parameter for parameter in given if parameter.ndim <= 1]
    groups = [{"params": pulled, "weight_decay": weight_decay}, {"params": spared, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def fusable(parameters: Iterable[nn.Parameter]) -> bool:
    """Whether torch's one-kernel step serves these parameters: float32 on a CPU or a CUDA device."""
    return all(str(p.dtype) == "torch.float32" and p.device.type in ("cpu", "cuda") for p in parameters)
