"""`Making`: what hangs on a network that is trained, made for it; made anew where a change makes it another network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from tombola.masks.enforce import Enforcer, Enforces, apply_masks
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.objectives._base import Running


@dataclass(frozen=True)
class Making:
    """How a `Fit` makes it, in plain values."""

    begin: Callable[[Network], Running]
    optimizer: Callable[[Sequence[nn.Parameter]], torch.optim.Optimizer]
    head_alone: bool
    device: torch.device
    head_share: float = 1.0
    """The head's learning rate, of the body's."""

    def placed(self, network: Network, masks: Masks | None) -> Network:
        """The network under its masks on the device, as it lies there fastest; itself, changed in place."""
        if masks is not None:
            apply_masks(network.body, masks)
        for parameter in network.parameters():  # a part of a tensor may lie as no tensor of its shape would
            parameter.data = parameter.data.contiguous()
        network.to(device=self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
        return network

    def optimizing(self, network: Network, parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
        """A fresh optimizer over ``parameters``; a group's ``share``, where it has one, is of the learning rate.

        The network's head is in groups of its own where its share is not 1.
        """
        optimizer = self.optimizer(parameters)
        if self.head_share == 1:
            return optimizer
        head = set(network.head.parameters())
        for group in [*optimizer.param_groups]:
            others = [parameter for parameter in group["params"] if parameter not in head]
            own = [parameter for parameter in group["params"] if parameter in head]
            if own and others:
                group["params"] = others
                optimizer.add_param_group({**group, "params": own, "share": self.head_share})
            elif own:
                group["share"] = self.head_share
        return optimizer

    def trained(self, network: Network) -> list[nn.Parameter]:
        """The parameters to train, the only ones that will get a gradient."""
        if not self.head_alone:
            return [parameter for parameter in network.parameters() if parameter.requires_grad]
        network.requires_grad_(requires_grad=False)
        network.head.requires_grad_(requires_grad=True)
        return list(network.head.parameters())

    def enforcers(self, network: Network, masks: Masks | None) -> list[Enforces]:
        """What puts masks in after every step: parts of the network that learn theirs do it themselves."""
        own: list[Enforces] = [module for module in network.modules() if isinstance(module, Enforces)]
        return own if masks is None else [*own, Enforcer(network.body, masks)]
