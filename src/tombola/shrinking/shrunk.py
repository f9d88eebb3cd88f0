"""`shrunk`: a masked network as a smaller one that gives the same logits."""

from collections.abc import Iterable
from typing import Final

import torch
from torch import Tensor

from tombola.graphs.trace import trace
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.showing import drawn
from tombola.shown import Shown, ShownImages
from tombola.shrinking.choosing import choose
from tombola.shrinking.cutting import Done, cut, cut_masks
from tombola.shrinking.encoders import cut_encoder
from tombola.shrinking.widening import widenings

EVEN: Final = 8
"""Dense engines compute so many channels at once, or twice as many, and are slow with what is left over."""


def shrunk(network: Network, masks: Masks, shown: Shown, *, multiple: int = 1) -> Network:
    """A copy under the masks, its channels that do nothing taken out of the layers; the logits are the masked net's.

    Modules and names are as before, only with smaller tensors. ``shown`` is something the network takes; the result
    takes every size the network takes. Layers of more than ``multiple`` channels keep a multiple of them, or all they
    have.
    """
    return shrunk_with_masks(network, masks, shown, multiple=multiple)[0]


@torch.no_grad()
def shrunk_with_masks(network: Network, masks: Masks, shown: Shown, *, multiple: int = 1) -> tuple[Network, Masks]:
    """`shrunk`, and the masks of what is left: a weight that carries constants is kept whatever it was before."""
    small = network.copy().cpu().eval()
    apply_masks(small.body, masks)
    done = _cut(small, shown, multiple)
    state = small.body.state_dict()
    left = {name: mask | (state[name] != 0) for name, mask in cut_masks(dict(masks.to("cpu")), done).items()}
    return small, Masks(left)


def _cut(small: Network, shown: Shown, multiple: int) -> Done:
    """In place: by the graph of a network of images, by heads and units of an encoder of texts."""
    if not isinstance(shown, ShownImages):
        return cut_encoder(small.body, multiple)
    graph = trace(small, shown.size)
    widens = widenings(small.body, graph)
    return cut(small.body, choose(graph, widens, multiple), widens)


def uneven(tensors: Iterable[Tensor]) -> str:
    """A hint where convolutions among the tensors write a number of channels that engines are slow with, else empty."""
    outputs = [tensor.shape[0] for tensor in tensors if tensor.ndim == 4]
    odd = sum(count > EVEN and count % EVEN > 0 for count in outputs)
    if not odd:
        return ""
    return (
        f"{odd} of {len(outputs)} convolutions have a number of channels that is no multiple of {EVEN}, which dense"
        f" engines can be slower with than with all channels: --set multiple={EVEN} leaves some empty channels in, or"
        f" draw with --scheme coupled --set multiple={EVEN}"
    )


def worst_difference(first: Network, second: Network, shown: Shown, *, samples: int = 4) -> float:
    """The largest difference of the logits on random samples, as a part of the largest logit."""
    batch = drawn(shown, samples, torch.Generator().manual_seed(0))
    with torch.no_grad():
        there = [(network.eval(), batch.to(next(network.parameters()).device)) for network in (first, second)]
        one, other = (network(given.x, **given.more) for network, given in there)
    gap: Tensor = (one - other).abs().max() / one.abs().max().clamp(min=1e-12)
    return float(gap)
