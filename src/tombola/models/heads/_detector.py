"""The contract of a head that tells boxes: what it is trained by, and which boxes its outputs tell."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple

import torch
from torch import Tensor

from tombola.errors import DataError, ModelError
from tombola.models.heads._base import Features, Head, Reads

MOST: Final = 100
"""Boxes told of an image, at most."""
LEAST: Final = 0.001
"""How sure a box is at least, that is told."""


class Told(NamedTuple):
    """Boxes told of one image, the surest first: (K, 4), how sure each is, (K,), and their classes, (K,)."""

    boxes: Tensor
    sure: Tensor
    classes: Tensor


class Detector(Head):
    """A head that reads maps of several strides and tells boxes; its outputs are of a form of its own, N first.

    Targets are padded boxes (N, M, 5): class, left, top, right, bottom, in pixels; class -1 for none.
    """

    READS: ClassVar[Reads] = "levels"
    EDGES: ClassVar[float] = 1.0
    """How much the loss of edges counts beside that of classes, where nothing is said."""
    ALIKE: ClassVar[float] = 0.5
    """Of two boxes of a class that overlap by more, the surer one is told."""

    def require_levels(self, features: Features, outputs: int) -> None:
        """Raise `ModelError` where there are no maps of several strides, or no class is asked for."""
        if not features.levels or outputs < 5:
            raise ModelError(
                f"head={self.name} gives 4 numbers and one a class, {outputs} are asked for, of {len(features.levels)}"
                " maps"
            )

    @abstractmethod
    def require(self, outputs: Tensor) -> None:
        """Raise `DataError` for outputs that are none of its."""

    @abstractmethod
    def losses(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Of each image, (N,): the loss of what is where, and the loss of where its edges are."""

    @abstractmethod
    def candidates(self, outputs: Tensor) -> Sequence[Told]:
        """What each image may show, boxes ending where the image does; some may be there twice."""

    @torch.no_grad()
    def told(self, outputs: Tensor, *, least: float = LEAST, most: int = MOST) -> list[Told]:
        """The boxes of each image that are at least so sure, each once, the surest ``most``, on the CPU."""
        return [_once(Told(*(each.cpu() for each in one)), least, self.ALIKE, most) for one in self.candidates(outputs)]


def no_head(outputs: Tensor, asked: str) -> DataError:
    """What is said of outputs that no head of this name gives."""
    return DataError(
        f"outputs of shape {tuple(outputs.shape)}, and detection asks for a box and classes at every place: the"
        f" network has no detection head; transfer a ticket to this task first, or load the model with decoder={asked}"
    )


def _once(found: Told, least: float, alike: float, most: int) -> Told:
    """Those sure enough, but for those that lie over a surer one of their class."""
    from torchvision.ops import batched_nms

    enough = found.sure >= least
    some = Told(*(each[enough] for each in found))
    kept = batched_nms(some.boxes, some.sure, some.classes, alike)[:most]
    return Told(*(each[kept] for each in some))
