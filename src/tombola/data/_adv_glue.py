"""AdvGLUE: development texts of five of GLUE's sets, changed by attacks or written by people to mislead."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tombola.data._in_zips import Place, found_in, there
from tombola.data._text_files import text_of
from tombola.data._text_set import Row
from tombola.data._tokens import Written
from tombola.errors import DataError

_FOLDERS: Final = ("adv_glue", "")
_FILES: Final = ("dev_ann.json", "dev.json")
_ENTAILMENT: Final = ("entailment", "not_entailment")
_THREE: Final = ("entailment", "neutral", "contradiction")
_ORIGINAL: Final = "original_"


@dataclass(frozen=True)
class Part:
    """Where the texts of one set stand, and the classes in the order of its labels."""

    columns: tuple[str, ...]
    classes: tuple[str, ...]


PARTS: Final[Mapping[str, Part]] = {
    "sst2": Part(("sentence",), ("negative", "positive")),
    "qqp": Part(("question1", "question2"), ("not_duplicate", "duplicate")),
    "mnli": Part(("premise", "hypothesis"), _THREE),
    "mnli-mm": Part(("premise", "hypothesis"), _THREE),
    "qnli": Part(("question", "sentence"), _ENTAILMENT),
    "rte": Part(("sentence1", "sentence2"), _ENTAILMENT),
}


@dataclass(frozen=True)
class Misleading:
    """One text: as it misleads, as it was before where that is told, and how it was made: word, sentence, human."""

    row: Row
    before: Row | None
    made: str


def file_in(root: Path) -> Place | None:
    """The file of AdvGLUE that is meant: itself, or the one in a folder or a zip; None where there is none."""
    whole = root.expanduser().absolute()
    if whole.suffix != ".zip" and whole.is_file():
        return whole
    place = found_in(root, _FOLDERS, _FILES, "adv_glue")
    return None if place is None else next(place / name for name in _FILES if there(place, name))


def misleading(root: Path, part: str, classes: Sequence[str]) -> list[Misleading]:
    """A part's texts; labels are numbers among ``classes``, by their names, which must all be there."""
    file = file_in(root)
    if file is None:
        raise DataError(
            f"adv_glue: not found in {root}; get dev.json of https://adversarialglue.github.io and write adv_glue:FILE,"
            " or the folder that holds it"
        )
    try:
        found = json.loads(text_of(file))[part]
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{file}: no JSON with the part {part!r}; get dev.json of AdvGLUE again") from None
    how = PARTS[part]
    if not found:
        raise DataError(f"{file}: the part {part} holds no text; get dev.json of AdvGLUE again")
    try:
        return [_one(entry, how, [classes.index(name) for name in how.classes]) for entry in found]
    except (KeyError, IndexError, TypeError) as error:
        raise DataError(f"{file}: a text of {part} is not as AdvGLUE has them ({error!r}); get it again") from None


def _one(entry: Mapping[str, Any], how: Part, numbers: Sequence[int]) -> Misleading:
    label = numbers[entry["label"]]
    before = [str(entry.get(_ORIGINAL + name, entry[name])) for name in how.columns]
    told = any(_ORIGINAL + name in entry for name in how.columns)
    row = Row(Written(*(str(entry[name]) for name in how.columns)), label)
    return Misleading(row, Row(Written(*before), label) if told else None, str(entry["data_construction"]))
