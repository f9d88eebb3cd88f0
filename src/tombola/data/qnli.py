"""QNLI: whether a sentence holds the answer to a question.

What: ``train.tsv`` and, as the test split, ``dev.tsv`` (5,463); columns index, question, sentence and label, a word.
When: entailment, of questions.
Cost: all texts in memory as ids.
Options: ``root``, a folder or a zip; ``tokenizer``, the model's folder; ``length``, of which pairs want 128;
    ``val_fraction``, ``seed``.
Reference: Rajpurkar et al., EMNLP 2016 (SQuAD); Wang et al. (GLUE), ICLR 2019, arXiv 1804.07461.
"""

from collections.abc import Mapping
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._glue import GlueSet, Layout


class Qnli(GlueSet):
    """Does the sentence answer the question?"""

    RELEASED: ClassVar[Published | None] = Published(classes=2, train=104_743, test=5_463)
    LAYOUT: ClassVar[Layout] = Layout(
        "QNLI", ("train.tsv",), ("dev.tsv",), first=("question", 1), label=("label", 3), second=("sentence", 2)
    )
    LABELS: ClassVar[Mapping[str, str]] = {"entailment": "entailment", "not_entailment": "not_entailment"}
