"""`ByPlace`: a network called with all its inputs in a row, as files of programs have them."""

from typing import Any

from torch import Tensor, nn

from tombola.models.network import Network
from tombola.shown import Shown


class ByPlace(nn.Module):
    """Shares its layers and their names with the network it is of."""

    def __init__(self, network: Network, shown: Shown) -> None:
        super().__init__()
        self.normalise, self.body = network.normalise, network.body
        self._beside = shown.names[1:]

    def forward(self, x: Tensor, *beside: Tensor) -> Any:
        """What the network answers; ``beside`` are its other inputs in the order of `Shown`'s names."""
        return self.normalise.run(self.body, x, dict(zip(self._beside, beside, strict=True)))
