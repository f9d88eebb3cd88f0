"""Dead kernels and channels: what a ticket prunes whole, so that it need not be computed at all.

What: the share of kernels (one output channel reading one input channel) without a kept weight; of output channels
  without one (``dead_outputs``), which are constant; and of input channels that no kernel reads (``unread_inputs``).
  Kernels and output channels layer by layer too. In a linear or 1x1 layer a kernel is a single weight.
  With ``side`` each layer's kernels are a picture too, which the figure ``kernel_map`` shows: rows of digits, one a
  kernel, or one a tile of neighbouring kernels where there are more than that many; 9 where all are pruned whole.
When: judging what unstructured zeros are worth in time, and where a ticket has cut a path through the network.
Cost: a few passes over the masks; the network is not run.
Options: ``side`` of the pictures, at most; 0, as it is, for none.
Reference: the kernel-wise heat maps of Chen et al., "The Lottery Tickets Hypothesis for Supervised and Self-supervised
  Pre-training in Computer Vision Models", CVPR 2021, figure 7.
"""

from dataclasses import replace
from typing import ClassVar, Final, final

from torch import Tensor

from tombola.fitting.session import Session
from tombola.masks.analysis import dead_kernels, dead_outputs, dead_tiles, unread_inputs
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.properties._base import Measurement, TicketProperty
from tombola.properties._counts import by_layer, share, total
from tombola.registry import Examples
from tombola.spec import option
from tombola.tickets.ticket import Ticket

ALL: Final = 9
"""The digit of a tile of which every kernel is pruned whole; others are rounded down."""


@final
class DeadKernels(TicketProperty):
    """What is pruned whole."""

    EXAMPLES: ClassVar[Examples] = ({}, {"side": 4})

    side: int = option(0, "the side of each layer's picture, in tiles at most; 0: no pictures", absent=0, ge=0, le=64)

    def inspect(self, ticket: Ticket, dense: Network, *, seed: int, session: Session) -> list[Measurement]:
        layers = layers_of(dense.body, ticket.masks)
        kernels, outputs, inputs = (
            {name: count(mask, layers[name]) for name, mask in ticket.masks.items()}
            for count in (dead_kernels, dead_outputs, unread_inputs)
        )
        maps = by_layer("layer_dead_kernels", kernels)
        if self.side:
            drawn = [digits(dead_tiles(mask, layers[name], self.side)) for name, mask in ticket.masks.items()]
            maps = [
                replace(found, detail={**found.detail, "kernels": text})
                for found, text in zip(maps, drawn, strict=True)
            ]
        return [
            share("dead_kernels", total(kernels)),
            share("dead_outputs", total(outputs)),
            share("unread_inputs", total(inputs)),
            *maps,
            *by_layer("layer_dead_outputs", outputs),
        ]


def digits(tiles: Tensor) -> str:
    """Shares in [0, 1] as rows of digits from 0 to `ALL`.

    >>> import torch
    >>> digits(torch.tensor([[0.0, 0.5, 1.0], [0.99, 0.1, 0.12]]))
    '049/801'
    """
    return "/".join("".join(map(str, row)) for row in (tiles * ALL).int().tolist())
