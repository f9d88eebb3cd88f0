"""WNLI: whether a sentence with a pronoun's meaning put in follows from the one with the pronoun.

What: ``train.tsv`` (635 pairs) and, as the test split, ``dev.tsv`` (71); columns index, sentence1, sentence2 and label
    (0, 1).
When: GLUE as a whole. Its development pairs share sentences with training pairs under the other label, so that whoever
    learns those by heart is wrong more often than one who always says the same (56.3 %).
Cost: all texts in memory as ids.
Options: ``root``, a folder or a zip; ``tokenizer``, the model's folder; ``length``, of which pairs want 128;
    ``val_fraction``, ``seed``.
Reference: Levesque et al., KR 2012; Wang et al. (GLUE), ICLR 2019, arXiv 1804.07461.
"""

from collections.abc import Mapping
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._glue import GlueSet, Layout


class Wnli(GlueSet):
    """Does the second follow from the first?"""

    RELEASED: ClassVar[Published | None] = Published(classes=2, train=635, test=71)
    LAYOUT: ClassVar[Layout] = Layout(
        "WNLI",
        ("train.tsv",),
        ("dev.tsv",),
        first=("sentence1", 1),
        label=("label", 3),
        second=("sentence2", 2),
    )
    LABELS: ClassVar[Mapping[str, str]] = {"0": "not_entailment", "1": "entailment"}
