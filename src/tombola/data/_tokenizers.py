"""Which tokeniser an option means: ``plain``, ``plain:2000``, or the folder of a model."""

from pathlib import Path
from typing import Final

from tombola.data._plain_words import WORDS, PlainWords
from tombola.data._tokenizer_files import of_files
from tombola.data._tokens import Tokenizer

MISSING: Final = (
    "tokenizer: which one cuts these texts into words? Write tokenizer=FOLDER, the folder of the model that is to read"
    " them (it holds tokenizer.json), or tokenizer=plain for a net that begins with random weights"
)


def tokenizer(text: str) -> Tokenizer:
    """The one meant; raises ValueError for a number of words that cannot be, `DataError` for files that are none."""
    name, _, count = text.partition(":")
    if name != "plain" or (count and Path(text).expanduser().exists()):
        return of_files(text)
    if count and not (count.isdecimal() and 16 <= int(count) <= 1 << 20):
        raise ValueError(
            f"plain:{count} says no number of words; write one from 16 to {1 << 20:,}, as in plain:{WORDS}"
        )
    return PlainWords(int(count) if count else WORDS)
