"""The contract of an input: the first layer of a network, which takes what a batch holds to what the body reads.

A member is options; `Input.layer` makes the layer of them. The layer also says what in its input is continuous, which
is what attacks move: pixels of images in [0, 1], the embeddings of words.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from tombola.models.heads._base import Reads
from tombola.registry import Family, Member
from tombola.spec import Json


class InputLayer(nn.Module, ABC):
    """Stands before a body. What it has of its own are tensors that no mask and no ticket names."""

    bounds: ClassVar[tuple[float, float]]
    """Between which numbers what is continuous lies."""
    READS: ClassVar[Literal["images", "texts"]] = "images"
    """What a batch before it holds."""

    @property
    def outputs(self) -> int | None:
        """How many numbers a network answers with behind this layer, where that is not for its head to say."""
        return None

    @abstractmethod
    def run(self, body: nn.Module, x: Tensor, more: Mapping[str, Tensor]) -> Any:
        """What ``body`` answers to ``x``, as a batch holds it; ``more`` are its other arguments, by name."""

    @property
    def inserted(self) -> int:
        """How many tokens it puts into a text, which take places of the body's."""
        return 0

    def described(self) -> dict[str, Json]:
        """The options of `Source` that make such a layer; what was trained in it is not among them."""
        return {}

    def reordered(self, order: Tensor) -> "InputLayer":
        """A layer after which the classes come in another order, where ``outputs`` are this layer's to say."""
        return self

    def under_another_head(self) -> "InputLayer":
        """What stands before the body once its head is another one."""
        return self

    @abstractmethod
    def continuous(self, body: nn.Module, x: Tensor) -> Tensor:
        """The floats that ``x`` stands for, which may be moved and given in its place: (N, ...)."""


class Input(Member):
    """What a network reads."""

    family: ClassVar[Family] = Family("inputs", "tombola.models.inputs")
    HEAD_READS: ClassVar[Reads] = "a vector"
    """What the head reads of a body that this stands before."""

    @abstractmethod
    def layer(self, body: nn.Module, *, generator: torch.Generator) -> InputLayer:
        """A fresh layer to stand before ``body``, which is not changed; what is random comes from ``generator``."""
