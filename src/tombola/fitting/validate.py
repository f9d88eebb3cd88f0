"""The mean score of a network on a set of images."""

from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from tombola.data._base import Images
from tombola.data._loading import batches
from tombola.fitting.devices import autocast
from tombola.tasks._base import Task

_BATCH = 512


@torch.no_grad()
def mean_score(network: nn.Module, images: Images, task: Task, *, device: torch.device, bfloat16: bool) -> float:
    """The task's headline on ``images``, in eval mode; NaN where an output is. The network's mode stays."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    total = torch.zeros((), dtype=torch.float64)
    for x, targets in batches(images, _BATCH, device=device):
        context: AbstractContextManager[object] = autocast(device, bfloat16=bfloat16)
        with context:
            outputs: Tensor = network(x)
        scores = task.scores(outputs.float(), targets).double().sum().cpu()
        total += torch.nan if bool(outputs.isnan().any()) else scores
    for module, training in modes:
        module.training = training
    return float(total / len(images))
