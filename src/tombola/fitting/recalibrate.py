"""Batch-norm statistics taken anew from a task's training examples, under the masks in force."""

import torch
from torch import nn

from tombola.data._base import Examples
from tombola.data._loading import batches
from tombola.fitting.seeds import generator
from tombola.models.network import Network

_BATCH = 256
_NORMS = (nn.modules.batchnorm._BatchNorm,)


@torch.no_grad()
def recalibrated(model: Network, examples: Examples, *, seed: int, device: torch.device) -> Network:
    """A copy whose batch norms hold the plain mean, over shuffled batches, of each batch's statistics; in eval mode.

    Only running statistics differ from ``model``, whose weights the copy keeps bit for bit. Every one is seen once,
    as it is; a last batch that is smaller counts for nothing, unless it is the only one.
    """
    network = model.copy().to(device).eval()
    norms = [module for module in network.modules() if isinstance(module, _NORMS) and module.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's word for a plain mean over batches
        norm.train()
    order = torch.randperm(len(examples), generator=generator(seed, "recalibrate"))
    size = min(_BATCH, len(examples))
    for batch in batches(examples, size, device=device, order=order[: len(order) // size * size]):
        network(batch.x, **batch.more)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return network.eval()
