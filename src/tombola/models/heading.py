"""`headed`: a network under another head, whichever way that head reads the body."""

import torch

from tombola.models.embeddings import table_in
from tombola.models.heads._base import OVER_MAPS, Head
from tombola.models.kinds._base import Asked
from tombola.models.network import Network, num_outputs
from tombola.models.segmenting import segmenting


def headed(network: Network, head: Head | str, outputs: int, *, output_stride: int | None = None, seed: int) -> Network:
    """A copy under a fresh head from ``seed``; the body's layers keep their names and weights.

    ``output_stride`` is for heads over maps: pixels of an image to one of them, None for the body's own number.
    """
    kind = Head.parse(head)
    if kind.READS in OVER_MAPS:
        return segmenting(network, kind, outputs, output_stride=output_stride, seed=seed)
    return network.with_head(outputs, generator=torch.Generator().manual_seed(seed), head=kind)


def as_asked(network: Network, asked: Asked) -> Network:
    """The network under the head that is asked for; itself where none is, or where it has that one."""
    if asked.decoder is None or network.head_kind.text == asked.decoder:
        return network
    words = Head.parse(asked.decoder).words_of(table_in(network.body))
    outputs = asked.outputs or words or num_outputs(network.head)
    return headed(network, asked.decoder, outputs, output_stride=asked.output_stride, seed=asked.seed)
