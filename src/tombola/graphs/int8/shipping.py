"""`Shipped`: a network's logits as its int8 export will give them, of the weights that it has now, with gradients."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from tombola.graphs.cells import Rounding
from tombola.graphs.graph import Graph
from tombola.graphs.int8.graphing import in_cells
from tombola.graphs.int8.ranges import Clip
from tombola.graphs.int8.rounding import calibrated
from tombola.graphs.int8.straight import straight
from tombola.graphs.int8.weights import whole_weights
from tombola.graphs.live import check_lives, live, placed
from tombola.graphs.reducing import reduced
from tombola.graphs.trace import trace
from tombola.graphs.vectors import with_vectors


class Shipped:
    """What stands in the place of a network's ``forward``. ``how`` rounds maps by their names.

    Batch norms are folded in with the statistics that they have, and what only trainings do, such as dropout, is gone.
    """

    def __init__(
        self, network: nn.Module, body: nn.Module, images: Tensor, clip: Clip, in_float32: Sequence[str]
    ) -> None:
        """``images`` (N, C, H, W) are calibrated on; raises `ModelError` for a network that has no graph."""
        size = (images.shape[1], images.shape[2], images.shape[3])
        self._graph = trace(network, size)
        check_lives(self._graph, body)
        self._body, self._clip, self._in_float32 = body, clip, tuple(in_float32)
        self.how: Mapping[str, Rounding] = {}
        self.calibrate(images)
        self.graph()  # who names a layer to leave that there is not hears of it now

    def __call__(self, x: Tensor) -> Tensor:
        """Logits of images in [0, 1]."""
        with torch.autocast(x.device.type, enabled=False):
            return straight(placed(self.graph(), x.device), x.float())

    @torch.no_grad()
    def calibrate(self, images: Tensor) -> None:
        """Round maps by what they are now, as the exporter does."""
        self.how = calibrated(placed(self._reduced(), images.device), images, self._clip).how

    def graph(self) -> Graph:
        """The graph on cells, its rounded weights being whole floats."""
        return in_cells(with_vectors(self._reduced()), self.how, self._in_float32, whole_weights)

    def _reduced(self) -> Graph:
        return reduced(live(self._graph, self._body))
