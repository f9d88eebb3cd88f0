"""SST-2: sentences of film reviews, praising or not.

What: ``train.tsv`` and, as the test split, a ``test.tsv`` with labels, else GLUE's ``dev.tsv``; columns sentence and
    label (0, 1), with or without their names in the first line. Validation is held out of the training texts.
When: the usual first task for encoders of texts. GLUE's 67,349 training texts are phrases; other copies hold the 6,920
    sentences alone, and give lower figures.
Cost: all texts in memory as ids.
Options: ``root``, a folder or a zip; ``tokenizer``, the model's folder; ``length``, ``longer``; ``val_fraction``,
    ``seed``.
Reference: Socher et al., EMNLP 2013; Wang et al. (GLUE), ICLR 2019, arXiv 1804.07461.
"""

from collections.abc import Mapping
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._glue import GlueSet, Layout


class Sst2(GlueSet):
    """Praising or not?"""

    RELEASED: ClassVar[Published | None] = Published(classes=2, train=67_349, test=872)
    LAYOUT: ClassVar[Layout] = Layout(
        "SST-2", ("train.tsv",), ("test.tsv", "dev.tsv"), first=("sentence", 0), label=("label", 1)
    )
    LABELS: ClassVar[Mapping[str, str]] = {"0": "negative", "1": "positive"}
