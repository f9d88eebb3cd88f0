"""The answer that a net tells to each question of a set, out of its windows, and how it is compared with people's."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from string import punctuation
from typing import Final

import torch
from torch import Tensor

from tombola.answers import Span
from tombola.data._passages import Passages, Question
from tombola.errors import RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Property
from tombola.properties._test_images import each_batch, require_answers, test_examples
from tombola.spec import option
from tombola.tasks._base import Task

LONGEST: Final = 30
"""Tokens of an answer, at most: of the published script and of BERT's."""
BEST: Final = 20
"""How many of the likeliest begins and ends are looked at in a window."""
_INSTEAD: Final = "write measure: [accuracy], or --property accuracy"
_ARTICLES: Final = re.compile(r"\b(a|an|the)\b")


class OfAnswers(Property):
    """A property of the answers that are told to the questions of a test split."""

    longest: int = option(LONGEST, "tokens of an answer, at most", ge=1)
    best: int = option(BEST, "begins and ends looked at in a window", ge=1)
    batch: int = option(32, "windows a forward pass", identity=False, ge=1)

    def check(self, task: Task) -> None:
        require_answers(task, Span, f"{self.name} is of answers that stand in a passage", _INSTEAD)

    def told(self, model: Network, task: Task, session: Session) -> list[tuple[str, Question]]:
        """For each question the answer told, and the question; the model in eval mode."""
        self.check(task)
        passages, device = test_examples(task, None), device_of(session.device)
        if not isinstance(passages, Passages):
            raise RequestError(f"{self.name} is of passages with their questions, and {task.name} has none; {_INSTEAD}")
        parts = each_batch(model, passages, self.batch, device, lambda _, outputs: [*outputs.float().cpu()])
        outputs = [one for part in parts for one in part]
        sure = [-torch.inf] * len(passages.questions)
        told = [""] * len(passages.questions)
        for shown, offsets, number in zip(outputs, passages.offsets, passages.of, strict=True):
            inside = offsets[:, 0] >= 0
            score, begin, end = best_span(shown[: len(offsets)], inside, longest=self.longest, best=self.best)
            if score > sure[number]:
                passage = passages.questions[number].passage
                sure[number], told[number] = score, passage[int(offsets[begin, 0]) : int(offsets[end, 1])].strip()
        return [*zip(told, passages.questions, strict=True)]


def best_span(outputs: Tensor, inside: Tensor, *, longest: int = LONGEST, best: int = BEST) -> tuple[float, int, int]:
    """The likeliest span (L, 2) of tokens ``inside``: its score, first and last token; minus infinity where none is.

    Of the ``best`` begins and the ``best`` ends those pairs are spans that end where they begin or behind, and hold
    ``longest`` tokens at most; their score is the sum of the two.

    >>> outputs = torch.tensor([[9.0, 9.0], [0.0, 4.0], [2.0, 0.0], [0.0, 1.0]])
    >>> best_span(outputs, torch.tensor([False, True, True, True]))
    (4.0, 1, 1)
    """
    places = torch.nonzero(inside).flatten()
    if len(places) == 0:
        return -torch.inf, 0, 0
    some = outputs[places]
    begins, ends = (some[:, end].argsort(descending=True, stable=True)[:best] for end in (0, 1))
    begin, end = places[begins][:, None], places[ends][None]
    scores = some[begins, 0][:, None] + some[ends, 1][None]
    scores = scores.masked_fill((end < begin) | (end - begin >= longest), -torch.inf)
    row, column = divmod(int(scores.argmax()), len(ends))
    return float(scores[row, column]), int(begin[row, 0]), int(end[0, column])


def normalised(text: str) -> str:
    """As SQuAD's own script compares answers: small letters, no punctuation, no articles, single spaces.

    >>> normalised("The  Norman's, (a) duke")
    'normans duke'
    """
    bare = "".join(sign for sign in text.lower() if sign not in punctuation)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def exact(told: str, answer: str) -> float:
    """1.0 where both say the same once normalised, else 0.0."""
    return float(normalised(told) == normalised(answer))


def overlap(told: str, answer: str) -> float:
    """F1 of the words of the two, once normalised; 0.0 where they share none.

    >>> overlap("the quiet river", "a river"), overlap("", "river")
    (0.6666666666666666, 0.0)
    """
    mine, theirs = normalised(told).split(), normalised(answer).split()
    same = sum((Counter(mine) & Counter(theirs)).values())
    return 0.0 if same == 0 else 2 * same / (len(mine) + len(theirs))


def judged(told: Sequence[tuple[str, Question]], compare: Callable[[str, str], float]) -> Tensor:
    """For each question the best of comparisons with its answers, (N,) float64."""
    best = [max(compare(text, answer.text) for answer in question.answers) for text, question in told]
    return torch.tensor(best, dtype=torch.float64)
