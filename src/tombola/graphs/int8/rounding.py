"""`Calibrated`: a graph and how each of its maps is rounded, found on images; `rounded_graph`: its graph on cells."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tombola.errors import RequestError
from tombola.graphs.cells import Rounding
from tombola.graphs.graph import Graph
from tombola.graphs.int8.graphing import in_cells
from tombola.graphs.int8.ranges import Clip, ranges
from tombola.graphs.vectors import with_vectors

AT_ONCE = 16
"""Images of which all maps are held at a time."""


@dataclass(frozen=True, eq=False)
class Calibrated:
    """``graph`` in float32, layers on single pixels being linear; ``how`` rounds its maps by their names."""

    graph: Graph
    how: Mapping[str, Rounding]

    def in_cells(self, in_float32: Collection[str] = ()) -> Graph:
        """The graph in int8, but for these layers and what cannot be."""
        return in_cells(self.graph, self.how, in_float32)


@torch.no_grad()
def calibrated(graph: Graph, images: Tensor, clip: Clip = "largest") -> Calibrated:
    """What maps are on images (N, C, H, W) in [0, 1]."""
    if len(images) and tuple(images.shape[1:]) != graph.input.shape:
        given, wanted = ("x".join(map(str, shape)) for shape in (images.shape[1:], graph.input.shape))
        raise RequestError(f"the images to calibrate int8 on are {given} and the net is exported for {wanted}")
    plain = with_vectors(graph)
    return Calibrated(plain, ranges(plain, torch.split(images, AT_ONCE), clip))


@torch.no_grad()
def rounded_graph(graph: Graph, images: Tensor, clip: Clip = "largest", in_float32: Collection[str] = ()) -> Graph:
    """The graph in int8, its maps rounded by what they are on images."""
    return calibrated(graph, images, clip).in_cells(in_float32)
