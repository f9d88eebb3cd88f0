"""`Shown`: what a network is shown, but for how many at once: images of one size, or texts of so many tokens. No torch.

Whoever exports, shrinks or times a network takes names, shapes and made-up samples from here.
"""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

Arrays: TypeAlias = dict[str, NDArray[Any]]
"""A batch as files and engines take it: arrays with N first, by name."""

IMAGES: Final = "images"
IDS: Final = "input_ids"
MASK: Final = "attention_mask"
TYPES: Final = "token_type_ids"


@dataclass(frozen=True)
class Examples:
    """Samples like those to come, and what they are, as in ``"training images of digits"``."""

    inputs: Arrays
    source: str


class Shown(ABC):
    """What stands before a network; its inputs have names, the first of which is the network's ``x``."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """What its inputs are called."""

    WHAT: ClassVar[str]
    """What they are, in one word."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of every input, behind the batch."""

    @property
    @abstractmethod
    def free(self) -> tuple[str, ...]:
        """The first axes of every input, which may be of any length in one file."""

    @abstractmethod
    def drawn(self, batch: int, numbers: np.random.Generator) -> Arrays:
        """So many random samples."""

    @abstractmethod
    def counted(self, batch: int) -> str:
        """So many of them in words: ``2 images of 3x8x8``."""

    @property
    def said(self) -> str:
        """``images of 3x8x8``."""
        return self.counted(2).removeprefix("2 ")


def in_pixels(height: int, width: int) -> str:
    """The sides of an image in words.

    >>> in_pixels(64, 64), in_pixels(48, 64)
    ('64', '48x64')
    """
    return str(height) if height == width else f"{height}x{width}"


@final
@dataclass(frozen=True)
class ShownImages(Shown):
    """Images in [0, 1] of one size: channels, height, width.

    >>> ShownImages((3, 8, 8)).said, ShownImages((3, 8, 8)).counted(1)
    ('images of 3x8x8', '1 image of 3x8x8')
    """

    WHAT: ClassVar[str] = "images"

    size: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.size

    @property
    def names(self) -> tuple[str, ...]:
        return (IMAGES,)

    @property
    def free(self) -> tuple[str, ...]:
        return ("batch",)

    def drawn(self, batch: int, numbers: np.random.Generator) -> Arrays:
        return {IMAGES: numbers.random((batch, *self.size), dtype=np.float32)}

    def counted(self, batch: int) -> str:
        return f"{batch} image{'s' if batch > 1 else ''} of {'x'.join(map(str, self.size))}"


@final
@dataclass(frozen=True)
class ShownTexts(Shown):
    """Token ids below ``words``, ``length`` a text; ``beside`` names what says which count, and of which text they are.

    ``most`` tokens are all that a net has places for; None where any length goes.

    >>> ShownTexts(16, words=100, most=512).said
    'texts of 16 tokens'
    """

    WHAT: ClassVar[str] = "texts"

    length: int
    words: int
    pad: int = 0
    beside: tuple[str, ...] = (MASK,)
    most: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (IDS, *self.beside)

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.length,)

    @property
    def free(self) -> tuple[str, ...]:
        return ("batch", "length")

    def drawn(self, batch: int, numbers: np.random.Generator) -> Arrays:
        """The first text fills its length; the others end somewhere, and are filled up with what no word is."""
        ends = numbers.integers(1, self.length, batch, endpoint=True)
        ends[0] = self.length
        counts = np.arange(self.length) < ends[:, None]
        ids = numbers.integers(0, self.words, counts.shape)
        if MASK in self.beside:
            ids[ids == self.pad] = (self.pad + 1) % self.words
        second = np.arange(self.length) >= self.length // 2
        others = {name: (counts if name == MASK else counts & second).astype(np.int64) for name in self.beside}
        return {IDS: np.where(counts, ids, self.pad) if MASK in others else ids, **others}

    def counted(self, batch: int) -> str:
        return f"{batch} text{'s' if batch > 1 else ''} of {self.length} token{'s' if self.length > 1 else ''}"

    def at(self, length: int) -> "ShownTexts":
        """The same of another length, or as long as goes."""
        return replace(self, length=length if self.most is None else min(length, self.most))


def plain(shown: Shown) -> dict[str, Any]:
    """As JSON holds it; `from_plain` reads it back.

    >>> plain(ShownImages((3, 8, 8)))
    {'what': 'images', 'size': [3, 8, 8]}
    """
    assert isinstance(shown, ShownImages | ShownTexts)
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(shown).items()}
    return {"what": shown.WHAT, **lists}


def from_plain(told: dict[str, Any]) -> Shown:
    """What `plain` made a dictionary of."""
    made: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in told.items() if name != "what"
    }
    return ShownTexts(**made) if told["what"] == ShownTexts.WHAT else ShownImages(**made)
