"""`rounded_graph`: what a network computes as a graph on cells, calibrated on images."""

from collections.abc import Collection

import torch
from torch import Tensor

from tombola.errors import RequestError
from tombola.graphs.graph import Graph
from tombola.native.int8.graphing import in_cells
from tombola.native.int8.ranges import Clip, ranges
from tombola.native.vectors import with_vectors

AT_ONCE = 16
"""Images of which all maps are held at a time."""


def rounded_graph(graph: Graph, images: Tensor, clip: Clip = "largest", in_float32: Collection[str] = ()) -> Graph:
    """The graph in int8, its maps rounded by what they are on images (N, C, H, W) in [0, 1]."""
    if len(images) and tuple(images.shape[1:]) != graph.input.shape:
        given, wanted = ("x".join(map(str, shape)) for shape in (images.shape[1:], graph.input.shape))
        raise RequestError(f"the images to calibrate int8 on are {given} and the net is exported for {wanted}")
    plain = with_vectors(graph)
    with torch.no_grad():
        return in_cells(plain, ranges(plain, torch.split(images, AT_ONCE), clip), in_float32)
