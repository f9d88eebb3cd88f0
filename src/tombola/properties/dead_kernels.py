"""Dead kernels and channels: what a ticket prunes whole, so that it need not be computed at all.

What: the share of kernels (one output channel reading one input channel) without a kept weight; of output channels
  without one (``dead_outputs``), which are constant; and of input channels that no kernel reads (``unread_inputs``).
  Kernels and output channels layer by layer too. In a linear or 1x1 layer a kernel is a single weight.
When: judging what unstructured zeros are worth in time, and where a ticket has cut a path through the network.
Cost: a few passes over the masks; the network is not run.
Options: none.
Reference: the kernel-wise heat maps of Chen et al., "The Lottery Tickets Hypothesis for Supervised and Self-supervised
  Pre-training in Computer Vision Models", CVPR 2021, figure 7.
"""

from typing import final

from tombola.fitting.session import Session
from tombola.masks.analysis import dead_kernels, dead_outputs, unread_inputs
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.properties._base import Measurement, TicketProperty
from tombola.properties._counts import by_layer, share, total
from tombola.tickets.ticket import Ticket


@final
class DeadKernels(TicketProperty):
    """What is pruned whole."""

    def inspect(self, ticket: Ticket, dense: Network, *, seed: int, session: Session) -> list[Measurement]:
        layers = layers_of(dense.body, ticket.masks)
        kernels, outputs, inputs = (
            {name: count(mask, layers[name]) for name, mask in ticket.masks.items()}
            for count in (dead_kernels, dead_outputs, unread_inputs)
        )
        return [
            share("dead_kernels", total(kernels)),
            share("dead_outputs", total(outputs)),
            share("unread_inputs", total(inputs)),
            *by_layer("layer_dead_kernels", kernels),
            *by_layer("layer_dead_outputs", outputs),
        ]
