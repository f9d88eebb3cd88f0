"""QQP: pairs of questions from Quora that ask the same, or not.

What: ``train.tsv`` (363,846 pairs) and, as the test split, ``dev.tsv`` (40,430); columns id, qid1, qid2, question1,
    question2 and is_duplicate (0, 1). A handful of rows in the published file are cut off by the end of a line inside a
    question: they are left out, and how many is said.
When: paraphrases in number; judged by accuracy as in the BERT tickets' paper, ``f1`` of ``duplicate`` beside it.
Cost: all texts in memory as ids.
Options: ``root``, a folder or a zip; ``tokenizer``, the model's folder; ``length``, of which pairs want 128;
    ``val_fraction``, ``seed``.
Reference: Iyer et al. (Quora), 2017; Wang et al. (GLUE), ICLR 2019, arXiv 1804.07461.
"""

from collections.abc import Mapping
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._glue import GlueSet, Layout


class Qqp(GlueSet):
    """Do both ask the same?"""

    RELEASED: ClassVar[Published | None] = Published(classes=2, train=363_846, test=40_430)
    LAYOUT: ClassVar[Layout] = Layout(
        "QQP",
        ("train.tsv",),
        ("dev.tsv",),
        first=("question1", 3),
        label=("is_duplicate", 5),
        second=("question2", 4),
        broken=1e-3,
    )
    LABELS: ClassVar[Mapping[str, str]] = {"0": "not_duplicate", "1": "duplicate"}
