"""The contract of a transfer: what may change while a ticket is adapted to a task."""

from abc import abstractmethod
from typing import ClassVar

from tombola.data._counts import Counts
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.registry import Family, Member
from tombola.tasks._base import Task


class Transfer(Member):
    """Adapts a masked model to a task. The model given is not changed; pruned weights stay exactly 0."""

    family: ClassVar[Family] = Family("transfers", "tombola.transfers")

    def check(self, task: Task) -> None:
        """Raise the `RequestError` of a task that this cannot adapt to; asked before anything trains."""

    def passes(self, counts: Counts) -> float | None:
        """What it costs on a task of these counts, in forward passes of one image; None where it does not say."""
        return None

    def untaught(self) -> "Transfer | None":
        """How the dense network is adapted that this one learns from; None where it asks for none."""
        return None

    def taught(self, by: Network) -> "Transfer":
        """The same transfer, learning from this dense network where it asks for one."""
        del by
        return self

    @abstractmethod
    def adapt(self, model: Network, masks: Masks, task: Task, *, seed: int, session: Session) -> Network:
        """A new model with a head for the task, ready to be measured (eval mode)."""
