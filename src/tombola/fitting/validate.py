"""A task's headline on a set of examples."""

from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from tombola.data._base import Examples
from tombola.data._loading import in_parts
from tombola.fitting.devices import autocast
from tombola.tasks._base import Task

_BATCH = 512


@torch.no_grad()
def headline(network: nn.Module, examples: Examples, task: Task, *, device: torch.device, bfloat16: bool) -> float:
    """What the task's metric says of ``examples``, in eval mode; NaN where an output is. The network's mode stays."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    metric = task.metric()
    for batch in in_parts(examples, examples.batches_of(_BATCH), device=device):
        context: AbstractContextManager[object] = autocast(device, bfloat16=bfloat16)
        with context:
            outputs: Tensor = network(batch.x, **batch.more)
        metric.update(outputs.float(), batch.targets)
    for module, training in modes:
        module.training = training
    return metric.compute()
