"""What enters the head, for every image of a set, computed once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tombola.data._base import Labelled
from tombola.data._loading import batches
from tombola.errors import ModelError, StageError
from tombola.fitting.session import Reporter, Silent
from tombola.models.network import Network

_BATCH = 256


@dataclass(frozen=True)
class Features:
    """``values`` (N, F) in float64 and the labels, on the CPU."""

    values: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@torch.no_grad()
def features_of(
    network: Network,
    examples: Labelled,
    *,
    device: torch.device,
    reporter: Reporter | None = None,
    title: str = "features",
) -> Features:
    """The features of ``examples`` as they are, in eval mode. The network ends on ``device``, otherwise unchanged."""
    network.to(device=device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]  # torch's stub
    found = []
    with (reporter or Silent()).task(title, len(examples), 0) as bar:
        for batch in batches(examples, _BATCH, device=device):
            found.append(network.features(batch.x, **batch.more).double().cpu())
            bar.advance(len(batch), samples=len(batch), loss=None)
    if not found:
        return Features(torch.empty(0, 0, dtype=torch.float64), examples.labels[:0])
    values = torch.cat(found)
    if values.ndim != 2:
        raise ModelError(
            f"the head of {network.source} takes features of shape {tuple(values.shape[1:])}, not a vector"
        )
    if not bool(values.isfinite().all()):
        raise StageError(
            f"{network.source}: what enters its head holds NaN or infinities, and no classifier is found on that; its"
            " weights or batch-norm statistics are broken: train it again with a lower optimizer.lr"
        )
    return Features(values, examples.labels)
