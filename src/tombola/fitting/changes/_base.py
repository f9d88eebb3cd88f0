"""The contract of a change: what may happen to masks, shapes and modules while a network is trained.

A `Fit` lists changes, in their order; none by default. Before every step each may ask for an `Edit`, and for one of
masks alone once the step has its gradients; the loop puts it in, remakes what hangs on it (optimizer, masks, averages)
and goes on. What was chosen by validation before an edit is forgotten, as it is of another network.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor

from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.objectives._base import Progress
from tombola.registry import Family, Member
from tombola.tasks._base import Task


@dataclass(frozen=True)
class Given:
    """A training between two steps, as a change sees it: the network, the masks of its body, the task and the seed.

    The network is on its device, in its mode and with its gradients; look at it, and leave it as it is.
    """

    network: Network
    masks: Masks | None
    task: Task
    seed: int
    beside: "tuple[Change, ...]" = ()
    """All changes of the training, told where they begin."""


@dataclass(frozen=True)
class Edit:
    """What a training goes on with. The network is the one that was trained where only the masks change.

    ``masks`` are of its body; None: there are none. ``kept`` is for parameters and buffers (``body.conv1.weight``)
    that became smaller: of the new shape, the places in the old one, counted through, so that momenta and averages are
    cut alike. ``revived`` is for tensors of the body, whose masks let weights come back: what these begin with, and 0
    everywhere else; without it they begin at 0. ``alike`` does to other values of the network before, by their names
    (an average's), what was done to its own; None: ``kept`` says all.
    """

    network: Network
    masks: Masks | None
    kept: Mapping[str, Tensor] = field(default_factory=dict)
    revived: Mapping[str, Tensor] = field(default_factory=dict)
    alike: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]] | None = None


def cut(values: Mapping[str, Tensor], network: Network, kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Of values for the parameters of a body, by their names, those of the parameters left, cut as ``kept`` says."""
    there = dict(network.body.named_parameters(remove_duplicate=False))
    return {
        name: value.reshape(-1)[kept[f"body.{name}"].to(value.device)] if f"body.{name}" in kept else value
        for name, value in values.items()
        if name in there
    }


class Change(Member):
    """Changes a network in the middle of its training."""

    family: ClassVar[Family] = Family("changes", "tombola.fitting.changes")
    OF_MASKS: ClassVar[bool] = False  # whether it decides which weights are pruned; of one kind a training has one
    OF_ALL_MASKS: ClassVar[bool] = False  # whether it decides so alone, and no other of masks can stand beside it
    NET: ClassVar[str] = ""  # the model that its examples are tried on, where not every net will do

    @property
    def stands_until(self) -> float:
        """The part of the training at which the last layer that it added to the network is gone."""
        return 0.0

    @abstractmethod
    def begin(self, given: Given) -> "Changing":
        """This change at work in one training, which has made no step yet; nothing is changed."""


class Changing:
    """A change at work in one training. This one changes nothing."""

    def at(self, given: Given, progress: Progress) -> Edit | None:
        """What is to change before the step that ``progress`` names; None for nothing.

        A function of what it is given and of `tensors` alone, so that a training that goes on from a checkpoint ends
        with the same bits.
        """
        return None

    def after_backward(self, given: Given, progress: Progress) -> Edit | None:
        """Which masks the step that ``progress`` names is to end with, asked before its update; None: those there are.

        Parameters have the step's own gradients, pruned weights too, and the step goes on with them under the new
        masks. A function of what it is given and of `tensors` alone; the network stays the one that is trained.
        """
        return None

    def edited(self, edit: Edit) -> None:
        """An edit of some change was put in."""

    def after_step(self, step: int) -> None:
        """A step (from 0) is done and masks are in force."""

    def candidate(self) -> dict[str, Tensor] | None:
        """The state to keep in place of the network's own, by its names; None where it is the network's own."""
        return None

    def finish(self, network: Network) -> Network:
        """The trained network as it is given back, on the CPU, masks in force."""
        return network

    def resumed(self, network: Network, tensors: Mapping[str, Tensor]) -> Network:
        """A network whose tensors have the shapes of these, a checkpoint's; the values do not count.

        Asked only where the shapes are others than the network's, which may be changed or be given back as it is.
        """
        return network

    def tensors(self) -> dict[str, Tensor]:
        """What is carried, for a checkpoint."""
        return {}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from a checkpoint's."""
