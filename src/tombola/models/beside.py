"""`continuous`: a network as a function of what attacks may move, and what of a batch that is.

For images the network itself and the pixels, untouched. For texts the embeddings of the words, a network that takes
them where the words stood, and whatever else stands beside them in the batch.
"""

from collections.abc import Mapping
from typing import Any, final

from torch import Tensor, nn

from tombola.batch import Batch
from tombola.errors import ModelError
from tombola.models.embeddings import table_of
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network


def continuous(model: nn.Module, batch: Batch) -> tuple[nn.Module, Tensor]:
    """A module of one argument, and what to call it with: together what ``model(batch.x, **batch.more)`` gives.

    Other values of that argument may be given; their gradients are what an attack follows.
    """
    network = _network_in(model)
    if network is None or isinstance(network.normalise, Normalise):
        return (Beside(model, batch.more), batch.x) if batch.more else (model, batch.x)
    ids = None if batch.x.is_floating_point() else batch.x
    return Beside(model, batch.more, ids), network.normalise.continuous(network.body, batch.x).detach()


def bounds_of(model: nn.Module) -> tuple[float, float]:
    """Between which numbers the argument lies: 0 and 1 for pixels, anything for embeddings."""
    network = _network_in(model)
    return Normalise.bounds if network is None else network.normalise.bounds


@final
class Beside(nn.Module):
    """A model with the rest of a batch, ``more``, held beside what varies; with ``ids`` what varies are embeddings.

    The gradients of a loss reach the words' table as if the ids had been given: what moved is the sum of what the table
    says and of a constant.
    """

    def __init__(self, model: nn.Module, more: Mapping[str, Tensor], ids: Tensor | None = None) -> None:
        super().__init__()
        self.model = model
        self._more = dict(more)  # neither buffers nor parameters: a batch is no part of a model's state
        self._ids = ids

    def forward(self, x: Tensor) -> Any:
        self._require_whole(x)
        if self._ids is None:
            return self.model(x, **self._more)
        network = _network_in(self.model)
        assert network is not None
        own = table_of(network.body)(self._ids)
        return self.model(own + (x - own.detach()), **self._more)

    def _require_whole(self, x: Tensor) -> None:
        beside = [*self._more.values(), *([] if self._ids is None else [self._ids])]
        if any(len(value) != len(x) for value in beside):
            raise ModelError(
                f"{len(x)} samples of a batch of {len(beside[0])} were asked for alone, and what stands beside them"
                " does not follow; take an attack that moves whole batches, such as pgd or fgsm"
            )


def _network_in(model: nn.Module) -> Network | None:
    """The network that a model is or wraps, as a parallel one does; None where there is none."""
    return next((module for module in model.modules() if isinstance(module, Network)), None)
