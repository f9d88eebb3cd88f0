"""A word for each class, of which a language model has one token: what it is asked for in the class's place."""

from collections.abc import Mapping, Sequence

from tombola.data._tokens import Tokenizer
from tombola.errors import RequestError


def class_words(given: Mapping[str, str], classes: Sequence[str], cutting: Tokenizer) -> list[int]:
    """The token of each class's word, in the classes' order; ``given`` empty, the classes' own names are the words.

    A word stands behind a space. Raises `RequestError` for a class without one, for a word of several tokens, and for
    a token that two classes share.
    """
    words = given or {name: name for name in classes}
    _require_all(words, classes)
    found = [_token(words[name], name, classes, cutting) for name in classes]
    if len(set(found)) != len(found):
        raise RequestError(f"words={dict(words)}: two classes have the same token; give each its own word")
    return found


def _require_all(words: Mapping[str, str], classes: Sequence[str]) -> None:
    missing, extra = (
        [name for name in one if name not in other] for one, other in ((classes, words), (words, classes))
    )
    if missing:
        raise RequestError(
            f"classes without a word: {', '.join(missing)}; a model that is asked for words needs one a class, write"
            f" {_example(classes)}"
        )
    if extra:
        raise RequestError(f"words of classes that the set has not: {', '.join(extra)} (it has {', '.join(classes)})")


def _token(word: str, name: str, classes: Sequence[str], cutting: Tokenizer) -> int:
    ids = cutting.bare(f" {word.strip()}")
    if len(ids) != 1:
        parts = " + ".join(repr(cutting.said([number])) for number in ids)
        raise RequestError(
            f"the word {word!r} of class {name!r} is {len(ids)} tokens ({parts}), and a class is asked for by one;"
            f" write {_example(classes)} with words that are one token each"
        )
    return ids[0]


def _example(classes: Sequence[str]) -> str:
    usual = {"negative": "terrible", "positive": "great"}
    return "words={" + ", ".join(f"{name}: {usual.get(name, '...')}" for name in classes) + "}"
