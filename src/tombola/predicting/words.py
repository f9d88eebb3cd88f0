"""The tokeniser that a model's texts were cut by, found again by what identifies it."""

from collections.abc import Iterator
from pathlib import Path

from tombola.data._tokenizers import identity_of, tokenizer
from tombola.data._tokens import Tokenizer
from tombola.errors import DataError, ModelError
from tombola.predicting.told import Told

_FILES = ("tokenizer.json", "vocab.txt")
_RUN_FROM = ("onnx", "native")  # folders beside the ticket of `tombola make`


def tokenizer_of(told: Told, given: str | None) -> Tokenizer:
    """The one given, or one found: named by the model, beside its file, or in the folder that it began as.

    Raises `ModelError` where there is none, and for another one than the model was adapted with.
    """
    wanted = told.adapted.of_data("tokenizer")
    if given is not None:
        if wanted is not None and identity_of(given) != wanted:
            raise ModelError(
                f"{told.where} was adapted with another tokeniser than {given}, so it would take words for others;"
                " write --tokenizer with the folder of the model it was adapted from"
            )
        return tokenizer(given)
    for place in _places(told, wanted):
        try:
            if identity_of(place) == wanted:
                return tokenizer(place)
        except (DataError, ValueError):
            continue
    raise ModelError(
        f"{told.where} does not bring the tokeniser that cut its texts; write --tokenizer FOLDER, the folder of the"
        " model it was adapted from, or put its tokenizer.json beside the file"
    )


def _places(told: Told, wanted: object) -> Iterator[str]:
    if isinstance(wanted, str):
        yield wanted
    if isinstance(wanted, dict) and isinstance(wanted.get("hub"), str):
        yield wanted["hub"]
    beside = Path(told.where) if Path(told.where).is_dir() else Path(told.where).parent
    for place in (beside, *(beside / name for name in _RUN_FROM)):
        if any((place / name).is_file() for name in _FILES):
            yield str(place.absolute())
    if told.origin.startswith("hf:"):
        yield told.origin.removeprefix("hf:").removesuffix("@config")
