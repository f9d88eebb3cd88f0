"""Passages with questions whose answers stand in them: each question beside windows of its passage.

A window's target is the place of the answer's first and last token, and how many tokens there are; where the answer
does not lie in it, both places are the first token, which is no word of the passage.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tombola.data._texts import Texts
from tombola.data._tokens import Sliding, Tokenizer


@dataclass(frozen=True)
class Answer:
    """A piece of a passage, and the sign it begins at."""

    text: str
    start: int


@dataclass(frozen=True)
class Question:
    """What is asked of a passage, and the answers that people gave, one or more."""

    name: str
    text: str
    passage: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Passages(Texts):
    """Windows as texts; ``offsets`` (L, 2) a window, and ``of`` says which of the questions each belongs to."""

    offsets: Sequence[Tensor] = ()
    of: Sequence[int] = ()
    questions: Sequence[Question] = ()

    @classmethod
    def made(cls, questions: Sequence[Question], cutting: Tokenizer, how: Sliding, multiple: int) -> "Passages":
        """All windows of some questions, in their order."""
        found = [
            (number, window, target_of(window.offsets, question.answers[0]))
            for number, question in enumerate(questions)
            for window in cutting.windows(question.text, question.passage, how)
        ]
        return cls(
            tuple(window.ids for _, window, _ in found),
            torch.tensor([target for *_, target in found], dtype=torch.int64).view(-1, 3),
            (),
            cutting.pad,
            multiple,
            segments=tuple(window.segments for _, window, _ in found),
            offsets=tuple(window.offsets for _, window, _ in found),
            of=tuple(number for number, *_ in found),
            questions=questions,
        )

    def some(self, indices: Tensor) -> "Passages":
        """Those windows; questions are as many as they were."""
        texts, chosen = super().some(indices), indices.tolist()
        return replace(
            self,
            ids=texts.ids,
            labels=texts.labels,
            segments=texts.segments,
            offsets=tuple(self.offsets[index] for index in chosen),
            of=tuple(self.of[index] for index in chosen),
        )

    def title_of(self, index: int) -> str:
        return self.questions[self.of[index]].name


def target_of(offsets: Tensor, answer: Answer) -> tuple[int, int, int]:
    """The tokens of a window that an answer begins and ends in, and how many tokens there are.

    >>> target_of(torch.tensor([[-1, -1], [0, 3], [4, 9], [10, 12]]), Answer("quiet", 4))
    (2, 2, 4)
    >>> target_of(torch.tensor([[-1, -1], [10, 12]]), Answer("quiet", 4))
    (0, 0, 2)
    """
    count, stop = len(offsets), answer.start + len(answer.text)
    inside = torch.nonzero(offsets[:, 0] >= 0).flatten()
    if len(inside) == 0:
        return 0, 0, count
    starts, stops = offsets[inside].unbind(1)
    if int(starts[0]) > answer.start or int(stops[-1]) < stop:
        return 0, 0, count
    begin, end = int((starts <= answer.start).sum()) - 1, int((stops < stop).sum())
    return int(inside[begin]), int(inside[max(begin, end)]), count
