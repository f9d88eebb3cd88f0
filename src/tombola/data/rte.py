"""RTE: whether a sentence follows from a passage.

What: ``train.tsv`` (with ``val.tsv`` where a copy has parted it: 2,490 pairs together) and, as the test split,
    ``dev.tsv`` (277); columns index, sentence1, sentence2 and label, which is a word.
When: entailment from few examples.
Cost: all texts in memory as ids.
Options: ``root``, a folder or a zip; ``tokenizer``, the model's folder; ``length``, of which pairs want 128;
    ``val_fraction``, ``seed``.
Reference: Dagan et al., 2005, and its successors; Wang et al. (GLUE), ICLR 2019, arXiv 1804.07461.
"""

from collections.abc import Mapping
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._glue import GlueSet, Layout


class Rte(GlueSet):
    """Does the second follow from the first?"""

    RELEASED: ClassVar[Published | None] = Published(classes=2, train=2_490, test=277)
    LAYOUT: ClassVar[Layout] = Layout(
        "RTE",
        ("train.tsv", "val.tsv"),
        ("dev.tsv",),
        first=("sentence1", 1),
        label=("label", 3),
        second=("sentence2", 2),
    )
    LABELS: ClassVar[Mapping[str, str]] = {"entailment": "entailment", "not_entailment": "not_entailment"}
