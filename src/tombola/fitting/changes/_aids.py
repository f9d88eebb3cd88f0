"""Aids: what stands in a network while it is young, helps less and less, and is taken out again before the end.

The network is a plain one again from there on: same modules, same names, nothing of the aid in its state.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Final, final

import torch
from torch import Tensor, nn

from tombola.fitting.changes._base import Changing, Edit, Given
from tombola.models.network import Network
from tombola.objectives._base import Progress


class Aid(nn.Module):
    """A piece that stands in a network. ``amount``, of its state, says how much it helps now."""

    amount: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("amount", torch.ones(()))


class Aided(ABC):
    """How a network is given its aids, and freed of them."""

    @abstractmethod
    def amount(self, progress: Progress) -> float | None:
        """How much they help at a step; None where there are none any more."""

    @abstractmethod
    def put_in(self, network: Network) -> None:
        """Give a network its aids, in place, on its device."""

    @abstractmethod
    def take_out(self, network: Network) -> None:
        """The inverse of `put_in`; a network without any stays as it is."""

    @abstractmethod
    def found(self, network: Network) -> Sequence[Aid]:
        """The aids that stand in a network."""


@final
class Aiding(Changing):
    """Aids at work; whether they stand in the network is seen on it."""

    def __init__(self, how: Aided) -> None:
        self._how: Final = how
        self._own: Sequence[Aid] = ()

    def at(self, given: Given, progress: Progress) -> Edit | None:
        amount, there = self._how.amount(progress), bool(self._how.found(given.network))
        if (amount is not None) == there:
            _set(self._own, amount)
            return None
        network = given.network.copy()
        if amount is None:
            self._how.take_out(network)
        else:
            self._how.put_in(network)
            _set(self._how.found(network), amount)
        return Edit(network, given.masks)

    def edited(self, edit: Edit) -> None:
        self._own = self._how.found(edit.network)

    def finish(self, network: Network) -> Network:
        self._how.take_out(network)
        return network

    def resumed(self, network: Network, tensors: Mapping[str, Tensor]) -> Network:
        aided = network.copy()
        self._how.put_in(aided)
        added = aided.state_dict().keys() - network.state_dict().keys()
        return aided if added & tensors.keys() else network


def _set(aids: Sequence[Aid], amount: float | None) -> None:
    for aid in aids:
        aid.amount.fill_(0.0 if amount is None else amount)
