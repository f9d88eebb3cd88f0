"""MRPC: pairs of sentences from the news that say the same, or not.

What: ``train.tsv`` (with ``val.tsv`` where a copy has parted it: 4,076 pairs together) and the labelled ``test.tsv``
    (1,725), else ``dev.tsv``; columns Quality, two numbers, #1 String and #2 String. Marks and Windows' line ends in
    some files are no text.
When: paraphrases; judged by F1 of ``same``, two thirds of the pairs being that.
Cost: all texts in memory as ids.
Options: ``root``, a folder or a zip; ``tokenizer``, the model's folder; ``length``, of which pairs want 128;
    ``val_fraction``, ``seed``.
Reference: Dolan and Brockett, IWP 2005; Wang et al. (GLUE), ICLR 2019, arXiv 1804.07461.
"""

from collections.abc import Mapping
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._glue import GlueSet, Layout


class Mrpc(GlueSet):
    """Do both say the same?"""

    RELEASED: ClassVar[Published | None] = Published(classes=2, train=3_668, test=408)
    JUDGED_BY: ClassVar[str] = "f1"
    LAYOUT: ClassVar[Layout] = Layout(
        "MRPC",
        ("train.tsv", "val.tsv"),
        ("test.tsv", "dev.tsv"),
        first=("#1 String", 3),
        label=("Quality", 0),
        second=("#2 String", 4),
    )
    LABELS: ClassVar[Mapping[str, str]] = {"0": "other", "1": "same"}
