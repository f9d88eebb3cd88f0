"""MNLI: whether a sentence follows from another, contradicts it, or neither, over ten kinds of English.

What: ``train.tsv`` (392,702 pairs) and, as the test split, ``dev_matched.tsv`` (9,815 of the kinds trained on) or, with
    ``test=mismatched``, ``dev_mismatched.tsv`` (9,832 of other kinds); the columns sentence1, sentence2 and gold_label,
    a word, are found by their names.
When: the largest of GLUE's sets, and the source of the strongest task tickets of BERT.
Cost: all texts in memory as ids.
Options: ``root``, a folder or a zip; ``test``, matched or mismatched; ``tokenizer``, the model's folder; ``length``, of
    which pairs want 128; ``val_fraction``, ``seed``.
Reference: Williams et al., NAACL 2018, arXiv 1704.05426; Wang et al. (GLUE), ICLR 2019, arXiv 1804.07461.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

from tombola.data._base import Published
from tombola.data._glue import GlueSet, Layout
from tombola.spec import option


class Mnli(GlueSet):
    """Does the second follow from the first, contradict it, or neither?"""

    RELEASED: ClassVar[Published | None] = Published(classes=3, train=392_702, test=9_815)
    LAYOUT: ClassVar[Layout] = Layout(
        "MNLI",
        ("train.tsv",),
        ("dev_matched.tsv",),
        first=("sentence1", 8),
        label=("gold_label", 11),
        second=("sentence2", 9),
    )
    LABELS: ClassVar[Mapping[str, str]] = {
        "entailment": "entailment",
        "neutral": "neutral",
        "contradiction": "contradiction",
    }

    test: Literal["matched", "mismatched"] = option(
        "matched", "which pairs are tested: of the kinds trained on, or not"
    )

    @property
    def layout(self) -> Layout:
        return replace(self.LAYOUT, test=(f"dev_{self.test}.tsv",))
