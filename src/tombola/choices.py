"""What a network says of samples: for each an `Answer`, its likeliest classes, or why it `Failed`. numpy alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Choice:
    """A class, and how sure the network is of it, in [0, 1]."""

    label: str
    score: float


@dataclass(frozen=True)
class Answer:
    """The likeliest classes of a sample, called by ``name``; the likeliest first.

    >>> answer = Answer("cat.jpg", (Choice("cat", 0.9), Choice("dog", 0.1)))
    >>> answer.label, answer.score
    ('cat', 0.9)
    """

    name: str
    top: tuple[Choice, ...]

    @property
    def label(self) -> str:
        """The likeliest class."""
        return self.top[0].label

    @property
    def score(self) -> float:
        """How sure the network is of that."""
        return self.top[0].score

    def plain(self) -> dict[str, Any]:
        """As plain JSON."""
        top = [{"label": choice.label, "score": choice.score} for choice in self.top]
        return {"name": self.name, "label": self.label, "score": self.score, "top": top}

    def __str__(self) -> str:
        return f"{self.name}: " + ", ".join(f"{choice.label} {choice.score:.1%}" for choice in self.top)


@dataclass(frozen=True)
class Failed:
    """A sample that nothing can be said of, and why."""

    name: str
    reason: str

    def plain(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"name": self.name, "error": self.reason}

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


def answer_of(name: str, logits: npt.NDArray[np.float32], classes: Sequence[str], top: int) -> Answer | Failed:
    """The ``top`` likeliest of the classes by their logits (C,); of equal ones the first in the classes' order.

    >>> import numpy as np
    >>> answer_of("x", np.array([0, 2, 2], np.float32), ("a", "b", "c"), 2).top[0].label
    'b'
    """
    if not np.isfinite(logits).all():
        return Failed(name, "the network's answer is not finite")
    scores = np.exp(logits.astype(np.float64) - logits.max())
    scores /= scores.sum()
    order = np.argsort(-logits, kind="stable")[:top].tolist()
    return Answer(name, tuple(Choice(classes[place], float(scores[place])) for place in order))
