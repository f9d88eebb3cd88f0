"""`Calibrated`: a graph and how each of its maps is rounded, found on images or texts; `rounded_graph`: on cells."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tombola.errors import RequestError
from tombola.graphs.cells import Rounding
from tombola.graphs.graph import Graph
from tombola.graphs.int8.graphing import in_cells
from tombola.graphs.int8.ranges import Clip, ranges
from tombola.graphs.tokens import TokenIds
from tombola.graphs.vectors import with_vectors
from tombola.shown import MASK, Arrays

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


@torch.no_grad()
def calibrated_texts(graph: Graph, texts: Arrays, clip: Clip = "largest") -> Calibrated:
    """What maps are on texts, arrays (N, L) by the names of the inputs; each counts as far as its mask says."""
    plain = with_vectors(graph)
    return Calibrated(plain, ranges(plain, _by_length(plain, texts), clip))


def _by_length(graph: Graph, texts: Arrays) -> Iterator[Tensor]:
    """Batches (N, inputs, 1, tokens) of texts of one length; what is beyond the graph's longest is cut off."""
    assert isinstance(graph.input.op, TokenIds)
    ids = torch.stack([torch.from_numpy(texts[name]).float() for name in graph.input.op.names], 1)
    ids = ids[..., : graph.input.shape[2]]
    counts = torch.full((len(ids),), ids.shape[-1])
    if MASK in texts:
        counts = torch.from_numpy(texts[MASK]).sum(1).clamp(1, ids.shape[-1])
    for tokens in sorted({*counts.tolist()}):
        yield from torch.split(ids[counts == tokens][:, :, None, :tokens], AT_ONCE)
