"""Which tokeniser an option means: ``plain``, ``plain:2000``, the folder of a model, or its name on the hub."""

from pathlib import Path
from typing import Final

from tombola.data._plain_words import WORDS, PlainWords
from tombola.data._tokenizer_files import of_files, of_hub
from tombola.data._tokens import Tokenizer
from tombola.spec import Json

MISSING: Final = (
    "tokenizer: which one cuts these texts into words? Write tokenizer=FOLDER, the folder of the model that is to read"
    " them (it holds tokenizer.json), or tokenizer=plain for a net that begins with random weights"
)


def tokenizer(text: str) -> Tokenizer:
    """The one meant; raises ValueError for a number of words that cannot be, `DataError` for files that are none."""
    if on_hub(text):
        return of_hub(text)
    name, _, count = text.partition(":")
    if name != "plain" or (count and Path(text).expanduser().exists()):
        return of_files(text)
    if count and not (count.isdecimal() and 16 <= int(count) <= 1 << 20):
        raise ValueError(
            f"plain:{count} says no number of words; write one from 16 to {1 << 20:,}, as in plain:{WORDS}"
        )
    return PlainWords(int(count) if count else WORDS)


def identity_of(text: str) -> Json:
    """What tells the one meant from others; a hub's name does so itself, whether its file is here or not."""
    return {"hub": text} if on_hub(text) else tokenizer(text).identity()


def on_hub(text: str) -> bool:
    """Whether a text is a hub's name: nothing that is here, nor plain, a package, or written as a place is."""
    place = text.startswith((".", "/", "~")) or text.count("/") > 1 or Path(text).suffix in (".json", ".txt", ".gguf")
    return not (place or text == "plain" or ":" in text or Path(text).exists())
