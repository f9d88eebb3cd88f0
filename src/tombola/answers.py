"""What a task asks for: of which kind an answer is, and how many numbers a head gives for one. No torch.

A task says its `Answers`; heads are made from them, and properties say of which kinds they can judge. There is no other
list of kinds.

>>> Classes(10).outputs, Span().outputs, Maps.WHAT
(10, 2, 'a pixel')
"""

from dataclasses import dataclass
from typing import ClassVar, final


@dataclass(frozen=True)
class Answers:
    """What is answered; ``WHAT`` says in words what has one target."""

    WHAT: ClassVar[str]

    @property
    def outputs(self) -> int:
        """How many numbers a head gives for each of these."""
        raise NotImplementedError


@dataclass(frozen=True)
class _Counted(Answers):
    """One number for each of ``n``."""

    n: int

    @property
    def outputs(self) -> int:
        return self.n


@final
@dataclass(frozen=True)
class Classes(_Counted):
    """One of ``n`` classes a sample; targets (N,)."""

    WHAT: ClassVar[str] = "a sample"


@final
@dataclass(frozen=True)
class Maps(_Counted):
    """One of ``n`` classes a pixel; targets (N, H, W)."""

    WHAT: ClassVar[str] = "a pixel"


@final
@dataclass(frozen=True)
class Tokens(_Counted):
    """One of a vocabulary of ``n`` a token; targets (N, L), -100 where nothing is asked."""

    WHAT: ClassVar[str] = "a token"


@final
@dataclass(frozen=True)
class Vectors(_Counted):
    """A vector of ``n`` numbers a sample, to be compared with others; targets (N,), equal for samples that belong."""

    WHAT: ClassVar[str] = "a pair of views"


@final
@dataclass(frozen=True)
class Span(Answers):
    """Where in a text the answer begins and where it ends; targets (N, 3), the last how many tokens the text has."""

    WHAT: ClassVar[str] = "a passage"

    @property
    def outputs(self) -> int:
        return 2


@final
@dataclass(frozen=True)
class Number(Answers):
    """A number a sample; targets (N,) in floating point."""

    WHAT: ClassVar[str] = "that is a number"

    @property
    def outputs(self) -> int:
        return 1


@final
@dataclass(frozen=True)
class Boxes(Answers):
    """Any number of boxes of ``n`` classes an image; targets (N, M, 5): class, left, top, right, bottom, class -1 none.

    Outputs are of the form of the head that gives them. The centre-point head's are (N, 6 + n, rows, columns), of
    places spread over the image: the box that a place tells (left, top, right, bottom), where the place is (x, y), all
    in pixels, and a logit a class that such a box's middle is there.
    """

    WHAT: ClassVar[str] = "a box"
    n: int

    @property
    def outputs(self) -> int:
        """A box and a logit a class; where a place is nobody has to tell."""
        return 4 + self.n
