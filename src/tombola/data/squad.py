"""SQuAD 1.1: questions whose answers are pieces of a passage of Wikipedia.

What: ``train-v1.1.json`` (87,599 questions) and, as the test split, ``dev-v1.1.json`` (10,570, each answered by several
    people); or one file of that layout, whose passages are shared out. Validation is held out of the training passages,
    whole. A passage longer than the net takes is looked at through windows, each a sample; nothing is cut, but
    questions of more tokens than ``asked``.
When: ``spans:squad``, or ``spans:squad:FILE.json`` of your own in that layout, with answers by their place
    (``answer_start``, in signs). Of version 2.0, whose questions may have no answer, a file is refused.
Cost: all windows in memory as ids, a second of reading for a few thousand questions.
Options: ``root``, a folder, a zip or a file; ``tokenizer``, the model's folder; ``length`` of a window and ``stride``
    between two, in tokens; ``asked``; ``val_fraction``, ``test_fraction``, ``seed``.
Reference: Rajpurkar et al., EMNLP 2016, arXiv 1606.05250; windows as in Devlin et al. (BERT), NAACL 2019.
"""

import json
from collections.abc import Mapping, Sequence
from math import gcd
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import torch
from pydantic import model_validator

from tombola.answers import Answers, Span
from tombola.data._base import Published, Splits
from tombola.data._in_zips import Place, contents_of, found_in, there
from tombola.data._passages import Answer, Passages, Question
from tombola.data._text_files import text_of
from tombola.data._text_set import TextSet
from tombola.data._text_tried import asked_about
from tombola.data._tokens import Sliding
from tombola.data._torchvision import ROOT
from tombola.errors import DataError
from tombola.spec import Json, option

_FILES: Final = ("train-v1.1.json", "dev-v1.1.json")
_FOLDERS: Final = ("squad", "SQuAD", "")
_BESIDE: Final = 8  # tokens of a window that are neither the question's nor, all of them, special


class Squad(TextSet):
    """Where does the answer stand?"""

    ARGUMENT: ClassVar[str | None] = "root"
    JUDGED_BY: ClassVar[str] = "answer_f1"
    RELEASED: ClassVar[Published | None] = Published(classes=0, train=87_599, test=10_570)

    root: Path = option(ROOT, "the folder or zip that holds the set's files, or one file", identity=False)
    length: int = option(384, "the most tokens of a window, question and special ones included", ge=16, le=8192)
    stride: int = option(128, "by how many tokens of the passage one window begins after another", ge=1)
    asked: int = option(64, "the most tokens of a question", ge=1)
    val_fraction: float = option(0.1, "the share of the training passages held out", gt=0, lt=1)
    test_fraction: float = option(0.2, "the share of all passages held out, where there is one file", gt=0, lt=1)
    seed: int = option(0, "which passages are held out", ge=0)

    @model_validator(mode="after")
    def _room_for_a_passage(self) -> Self:
        if self.asked + _BESIDE > self.length:
            raise ValueError(
                f"length={self.length} leaves no room for a passage beside a question of asked={self.asked} tokens;"
                f" write a length of {self.asked + _BESIDE} or more"
            )
        return self

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        """A small file of made-up passages."""
        return [cls(root=asked_about(folder), tokenizer="plain:200", length=20, stride=6, asked=6)]

    @property
    def asks(self) -> type[Answers]:
        return Span

    def content(self) -> Json:
        """Of the files, where they are here."""
        return contents_of(self._files())

    def load(self) -> Splits[Passages]:
        files = self._files()
        if not files:
            raise DataError(
                f"squad: not found in {self.root.expanduser().absolute()}; get {' and '.join(_FILES)} of"
                " https://rajpurkar.github.io/SQuAD-explorer, or write squad:FILE.json in their layout"
            )
        every = questions_in(files[0])
        rest, test = (every, questions_in(files[1])) if len(files) == 2 else self._parted(every, self.test_fraction)
        train, val = self._parted(rest, self.val_fraction)
        how, cutting = Sliding(self.length, self.stride, self.asked), self.cutting()
        return Splits(*(Passages.made(part, cutting, how, gcd(8, self.length)) for part in (train, val, test)))

    def tested(self) -> str:
        files = self._files()
        return f"{_FILES[1]} of squad" if len(files) == 2 else f"{self.test_fraction:.0%} of the passages of squad"

    def _files(self) -> list[Place]:
        """Training and test file, one file for both, or none."""
        whole = self.root.expanduser().absolute()
        if whole.suffix != ".zip" and whole.is_file():
            return [whole]
        place = found_in(self.root, _FOLDERS, _FILES, self.name)
        if place is None:
            return []
        missing = [name for name in _FILES if not there(place, name)]
        if missing:
            raise DataError(f"squad: {place} holds no {missing[0]}; get it too, or write squad:FILE.json for one file")
        return [place / name for name in _FILES]

    def _parted(self, questions: Sequence[Question], fraction: float) -> tuple[list[Question], list[Question]]:
        """Questions in two, the second those of a fraction of the passages; seeded."""
        passages = [*dict.fromkeys(question.passage for question in questions)]
        order = torch.randperm(len(passages), generator=torch.Generator().manual_seed(self.seed)).tolist()
        out = {passages[place] for place in order[: max(1, round(fraction * len(passages)))]}
        if len(out) == len(passages):
            raise DataError(f"squad: {len(passages)} passage in {self.root} cannot be shared out; give it more")
        return [q for q in questions if q.passage not in out], [q for q in questions if q.passage in out]


def questions_in(file: Place) -> list[Question]:
    """The questions of a file in SQuAD 1.1's layout, in its order."""
    try:
        articles = json.loads(text_of(file))["data"]
        found = [
            _question(asked, paragraph["context"], file)
            for article in articles
            for paragraph in article["paragraphs"]
            for asked in paragraph["qas"]
        ]
    except DataError:
        raise  # which is a ValueError as well
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{file}: not laid out as SQuAD 1.1 ({type(error).__name__}: {error}); a file holds data, of paragraphs, of"
            " a context and of qas, with id, question and answers"
        ) from None
    if not found:
        raise DataError(f"{file}: holds no question; give it one or more")
    return found


def _question(asked: Mapping[str, Any], passage: str, file: Place) -> Question:
    name, text = str(asked["id"]), str(asked["question"]).strip()
    answers = tuple(Answer(str(one["text"]), int(one["answer_start"])) for one in asked["answers"])
    if not answers:
        raise DataError(f"{file}: question {name} has no answer, as in SQuAD 2.0; only 1.1's layout is read")
    if not text or not passage.strip():
        raise DataError(f"{file}: question {name}: the question or its context is empty; take it out")
    for answer in answers:
        if not answer.text.strip() or passage[answer.start : answer.start + len(answer.text)] != answer.text:
            raise DataError(
                f"{file}: question {name}: {answer.text!r} does not stand at sign {answer.start} of its context"
            )
    return Question(name, text, passage, answers)
