"""WikiText-103: 103 million words of Wikipedia's articles, for learning words.

What: the paragraphs of ``test``, ``valid`` and ``train`` (``.txt``, or ``wiki.test.tokens`` and so on); headings are
    left out. Where a copy has no training part, its validation part is trained on and a tenth of it held out.
When: masked language modelling: ``mlm:wikitext103``.
Cost: all texts in memory as ids.
Options: ``root``, a folder or a zip; ``tokenizer``, the model's folder; ``length``, ``longer``; ``val_fraction``,
    ``seed``.
Reference: Merity et al., ICLR 2017, arXiv 1609.07843.
"""

from typing import ClassVar

from tombola.data._base import Published
from tombola.data._wikitext import WikiText


class WikiText103(WikiText):
    """Paragraphs of Wikipedia."""

    FOLDERS: ClassVar[tuple[str, ...]] = ("wikitext103", "wikitext-103", "wikitext-103-raw")
    RELEASED: ClassVar[Published | None] = Published(classes=0, train=1_801_350, test=4_358)  # lines
