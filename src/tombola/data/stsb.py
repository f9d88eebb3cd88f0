"""STS-B: how much alike two sentences are, from 0 (nothing in common) to 5 (the same).

What: ``train.tsv`` and ``dev.tsv`` as GLUE has them (columns by name: sentence1, sentence2, score), or
    ``sts-train.tsv`` and, as the test split, ``sts-test.tsv`` as they were published, without names: genre, file, year,
    number, score, two sentences, sources; 5,749 / 1,500 / 1,379 pairs. The development pairs are the test split where
    there is no labelled test file, and are not looked at where there is one.
When: the one set of GLUE that asks for a number: ``text_regression:stsb``, judged by Pearson's correlation.
Cost: all texts in memory as ids.
Options: ``root``, a folder or a zip; ``tokenizer``, the model's folder; ``length``, of which pairs want 128;
    ``val_fraction``, ``seed``.
Reference: Cer et al., SemEval 2017, arXiv 1708.00055; Wang et al. (GLUE), ICLR 2019, arXiv 1804.07461.
"""

from typing import ClassVar, Final

from tombola.answers import Answers, Number
from tombola.data._base import Published
from tombola.data._glue import GlueSet, Layout

_MOST: Final = 5.0


class Stsb(GlueSet):
    """How much alike are they?"""

    RELEASED: ClassVar[Published | None] = Published(classes=0, train=5_749, test=1_500)
    JUDGED_BY: ClassVar[str] = "pearson"
    KNOWS: ClassVar[str] = "numbers from 0 to 5"
    LAYOUT: ClassVar[Layout] = Layout(
        "STS-B",
        ("train.tsv", "sts-train.tsv"),
        ("sts-test.tsv", "test.tsv", "dev.tsv", "sts-dev.tsv"),
        first=("sentence1", 5),
        label=("score", 4),
        second=("sentence2", 6),
    )

    @property
    def asks(self) -> type[Answers]:
        return Number

    def label_of(self, text: str) -> float | None:
        try:
            number = float(text)
        except ValueError:
            return None
        return number if 0 <= number <= _MOST else None
