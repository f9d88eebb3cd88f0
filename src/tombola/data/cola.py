"""CoLA: sentences of English that linguists would say, and such as nobody would.

What: ``train.tsv`` and, as the test split, ``dev.tsv`` (in the public copy ``in_domain_train.tsv`` and
    ``in_domain_dev.tsv``); four columns without names: source, label (0, 1), mark, sentence.
When: grammar; judged by Matthews' correlation, since 70 % of its sentences are acceptable.
Cost: all texts in memory as ids.
Options: ``root``, a folder or a zip; ``tokenizer``, the model's folder; ``length``, ``longer``; ``val_fraction``,
    ``seed``.
Reference: Warstadt et al., TACL 2019, arXiv 1805.12471; Wang et al. (GLUE), ICLR 2019, arXiv 1804.07461.
"""

from collections.abc import Mapping
from typing import ClassVar

from tombola.data._base import Published
from tombola.data._glue import GlueSet, Layout


class Cola(GlueSet):
    """Acceptable English or not?"""

    RELEASED: ClassVar[Published | None] = Published(classes=2, train=8_551, test=1_043)
    JUDGED_BY: ClassVar[str] = "matthews"
    LAYOUT: ClassVar[Layout] = Layout(
        "CoLA",
        ("train.tsv", "in_domain_train.tsv"),
        ("dev.tsv", "in_domain_dev.tsv"),
        first=("sentence", 3),
        label=("label", 1),
    )
    LABELS: ClassVar[Mapping[str, str]] = {"0": "unacceptable", "1": "acceptable"}
