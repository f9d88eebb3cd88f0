"""The contract of a head: the last layer of a network, made from what enters it and how many numbers it gives.

A body shows its head one vector a sample, a vector for every token, the maps of its last stage or of several; a head
says which of these it reads, and a network finds it that.
"""

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, TypeAlias

import torch
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.registry import Family, Member

Reads: TypeAlias = Literal["a vector", "tokens", "maps", "levels"]
"""``maps`` are those of the last stage; ``levels`` are maps of several strides, the finest first."""

OVER_MAPS: Final = ("maps", "levels")


@dataclass(frozen=True)
class Features:
    """What enters a head."""

    channels: int
    pointwise: bool = False
    """Whether the vector stands at every place of a map (N, C, H, W), so that a head for it is a 1x1 convolution."""
    stride: int = 1
    """Pixels of an image to one of the maps."""
    table: nn.Embedding | None = None
    """The body's table of words, where it has one."""
    levels: tuple[int, ...] = ()
    """Channels of maps of several strides, the finest first, where a head reads those."""


class ShowsTokens(nn.Module):
    """A body of texts that can show its head every token (N, L, D) instead of one vector a text (N, D)."""

    reads: Reads = "a vector"


class Head(Member):
    """A last layer. Nothing given is changed."""

    family: ClassVar[Family] = Family("heads", "tombola.models.heads")
    READS: ClassVar[Reads] = "a vector"
    ONLY: ClassVar[int | None] = None
    """How many numbers it gives, where it can give no other count."""

    @abstractmethod
    def make(self, features: Features, outputs: int, *, generator: torch.Generator) -> nn.Module:
        """A fresh layer, on the CPU in float32, that gives ``outputs`` numbers; initial values from ``generator``."""

    def words_of(self, table: nn.Embedding | None) -> int | None:
        """How many numbers a body's table of words alone decides that it gives; None where that is open."""
        del table
        return None

    @abstractmethod
    def fits(self, layer: nn.Module) -> bool:
        """Whether a layer can be such a head."""

    @abstractmethod
    def outputs(self, layer: nn.Module) -> int:
        """How many numbers a layer that fits gives, for each thing that it answers at."""

    def outputs_in(self, tensors: Mapping[str, Tensor]) -> int | None:
        """How many numbers a layer gives that has these tensors, by their names in it; None where they do not say."""
        own = tensors.get("weight")
        if own is None:
            numbered = [name for name in tensors if re.fullmatch(r"\d+\.weight", name)]
            own = tensors[max(numbered, key=lambda name: int(name.split(".")[0]))] if numbered else None
        if own is None:
            own = tensors.get("bias")  # of a decoder that is tied to the words
            return None if own is None else len(own)
        return len(own) if own.ndim > 1 else None

    def entered(self, layer: nn.Module) -> Features:
        """What enters a layer that fits, so that another head can be made for it; raises `ModelError` over maps."""
        raise ModelError(
            f"this network answers at every pixel or place ({type(layer).__name__}), and a head for one vector a sample"
            " is asked for; give the classifier it was made from"
        )

    @property
    def text(self) -> str:
        """The head as options write it: its name, and its argument where that is set."""
        given = None if self.ARGUMENT is None else getattr(self, self.ARGUMENT)
        return self.name if given is None else f"{self.name}:{given}"

    def finished(self, found: Tensor, size: torch.Size) -> Tensor:
        """What the network answers, of what a layer that reads maps gave at images of this height and width."""
        del size
        return found


def head_of(layer: nn.Module) -> Head:
    """The head that a layer can be, the linear one before others; raises `ModelError` for a layer that can be none."""
    members: Any = Head.family.members()
    ordered = sorted(members, key=lambda name: (name != "linear", name))
    found: Head | None = next((head for name in ordered if (head := members[name]()).fits(layer)), None)
    if found is None:
        raise ModelError(
            "a head is a Linear layer, a 1x1 convolution, or what a member of heads makes"
            f" ({', '.join(sorted(members))}); this one is a {type(layer).__name__}; name another with head='...'"
        )
    return found
