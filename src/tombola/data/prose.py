"""Prose: paragraphs of English that Python itself carries, to be told apart by what they are about.

What: some 2,400 paragraphs of the standard library's docstrings and of the language reference that ``help()`` shows, in
    six kinds: files, language, networking, numbers, processes, testing. In which split a paragraph stands is decided by
    the paragraph and ``seed`` alone, so that those which another version of Python changed move no others; the set's
    identity holds a digest of all of them.
When: a small real task for encoders of texts, and words to learn (``mlm:prose``); no download.
Cost: a second of reading.
Options: ``tokenizer``, ``plain`` unless said; ``length``, ``longer``; ``num_train``; ``seed``.
Reference: https://docs.python.org; PSF licence.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import ClassVar

from tombola.data._python_prose import paragraphs
from tombola.data._text_set import Row, Rows, RowSet
from tombola.data._tokens import Written
from tombola.errors import DataError
from tombola.registry import Examples
from tombola.spec import Json, option

_TEST, _VAL = 0.2, 0.1


class Prose(RowSet):
    """What is the paragraph about?"""

    MADE_HERE: ClassVar[bool] = True
    EXAMPLES: ClassVar[Examples] = ({"num_train": 60},)

    tokenizer: str = option("plain", "what cuts texts into words: the model's folder, or plain, plain:2000")
    num_train: int | None = option(None, "paragraphs to train on; None takes all (about 1,700)", ge=1)
    seed: int = option(0, "which split", ge=0)

    def content(self) -> Json:
        found = sha256()
        for kind, texts in paragraphs().items():
            found.update("\n".join((kind, *texts)).encode())
        return {"of": "contents", "sha256": found.hexdigest()}

    def rows(self) -> Rows:
        drawn = sorted(self._drawn())
        test = [row for place, row in drawn if place < _TEST]
        val = [row for place, row in drawn if _TEST <= place < _TEST + _VAL]
        train = [row for place, row in drawn if place >= _TEST + _VAL]
        if self.num_train is not None and self.num_train > len(train):
            raise DataError(f"prose: num_train={self.num_train}; there are {len(train)} paragraphs to train on")
        return Rows(tuple(paragraphs()), train[: self.num_train], val, test)

    def _drawn(self) -> Iterator[tuple[float, Row]]:
        """Each paragraph with a number of its own in [0, 1), drawn from ``seed`` and what it says."""
        for label, texts in enumerate(paragraphs().values()):
            for text in texts:
                digest = sha256(f"{self.seed}\0{text}".encode()).digest()
                yield int.from_bytes(digest[:8], "big") / 2**64, Row(Written(text), label)
