"""`Raced`: what came out of a race."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tombola.race.decided import Decided
from tombola.race.finals import Ran
from tombola.race.finish import Finish
from tombola.race.longer import Longer
from tombola.race.paired import Difference
from tombola.race.right import OfClass, by_class
from tombola.race.wanted import Wanted


@dataclass(frozen=True)
class Raced:
    """What came out.

    ``end`` is who won on validation samples; ``held_out`` are the winner, the dense net and, where it is neither, the
    rival on test samples. ``left`` says of everything that could have raced to the end and did not, why; ``untried``
    are those of them that there was no time for. ``net`` is the file of the dense net once adapted, first trained for
    ``steps``; everything else was trained in stretches of ``stretch``.
    """

    wanted: Wanted
    steps: int
    stretch: int
    end: Decided
    held_out: Sequence[Finish]
    difference: Difference
    net: Path
    left: Mapping[str, str] = field(default_factory=dict)
    untried: Sequence[str] = ()
    seconds: float = 0.0
    attacked: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    """With ``--robust``: per cent told right under attack, and of how many, of what is shipped and of the dense net."""

    @property
    def front(self) -> list[Finish]:
        """All finishes on validation samples."""
        return list(self.end.ran)

    @property
    def dense(self) -> Finish:
        """What accuracy is held against."""
        return self.end.against

    @property
    def rival(self) -> Finish:
        """The best that needs no pruning."""
        return self.end.rival

    @property
    def winner(self) -> Finish:
        """What is shipped."""
        return self.end.winner

    @property
    def ran(self) -> Ran:
        """How what is shipped came to be."""
        return self.end.shipped[self.winner]

    @property
    def longer(self) -> Longer | None:
        """The winner trained on."""
        return self.end.longer

    @cached_property
    def classes(self) -> list[OfClass]:
        """What is shipped on held-out samples, class by class, the worst first; the card and the result say it."""
        return by_class(self.held_out[0], self.wanted.task)

    @property
    def holds(self) -> bool:
        """Whether the winner stays within the margin on samples nobody looked at."""
        return self.difference.points >= -self.wanted.margin
