"""What tasks of texts share: how their data are written, and which nets can read them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, Self, cast

from pydantic import field_validator, model_validator

from tombola.data._base import Dataset, stratified
from tombola.data._text_files import TABLES
from tombola.data._text_set import TextSet
from tombola.data._texts import Texts
from tombola.data._tokenizers import identity_of
from tombola.errors import ModelError
from tombola.models.embeddings import places_of, table_in
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.tasks._data import known_data, parted_as, with_data_options

_FILES: Final = (*TABLES, ".txt")
_LEARNED, _RANDOM = "hf:", "@config"
_FILLED_UP: Final = 1024
"""Vectors that stand for no word: tables are made longer, to a multiple of 64 and the like."""


def tokenizer_named(task: Task | None) -> str | None:
    """The name of what cuts a task's texts; None where it has none."""
    return task.texts.tokenizer if isinstance(task, OfTexts) else None


class OfTexts(Task):
    """A task whose data are a set of texts."""

    ARGUMENT: ClassVar[str | None] = "data"
    PRESET: ClassVar[str] = "glue"
    """The published way to train an encoder for it, which the command line takes where nothing else is said."""
    EXAMPLES: ClassVar[Examples] = ({"data": {"name": "prose", "num_train": 60, "tokenizer": "plain:300"}},)

    data: Dataset = option(help="the texts: a set's name, a FILE.csv or .txt, or a mapping with its options")

    @model_validator(mode="before")
    @classmethod
    def _data_options(cls, values: Any) -> Any:
        return with_text_options(values, cls)

    @field_validator("data", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        return cls.meant(value)

    @classmethod
    def meant(cls, value: object) -> TextSet:
        """The set that an option means; raises ValueError where it asks for something else, and names its task."""
        found = known_texts(value)
        if found.asks is not cls.ANSWERS:
            tasks = Task.family.members().items()
            named = [n for n, task in tasks if issubclass(task, OfTexts) and task.ANSWERS is found.asks]
            other = " or ".join(f"{name}:{found.name}" for name in named)
            raise ValueError(
                f"{found.name} has an answer {found.asks.WHAT}, and {cls.name} wants one {cls.ANSWERS.WHAT};"
                f" write {other}"
            )
        return found

    @property
    def texts(self) -> TextSet:
        """The data set."""
        return cast("TextSet", self.data)

    @property
    def length(self) -> int:
        return self.texts.length

    def tested(self) -> str:
        return self.data.tested()

    def parted_as(self, theirs: Mapping[str, Any]) -> Self:
        return self.replace(data=parted_as(self.data, theirs))

    def check_net(self, model: Network) -> None:
        require_reader(model, self.texts)


def with_text_options(values: Any, task: type[Any]) -> Any:
    """A task's options; a file or folder as data becomes the set of one's own texts, data's options are moved to it."""
    if not isinstance(values, Mapping):
        return values
    data = values.get("data")
    if isinstance(data, str) and data.partition(":")[0] not in Dataset.family.names() and _on_disk(data):
        values = {**values, "data": f"texts:{data}"}
    return with_data_options(values, task)


def known_texts(value: object) -> TextSet:
    """The set meant; raises ValueError where it holds no texts."""
    found = known_data(value)
    if not isinstance(found, TextSet):
        sets = ", ".join(name for name, member in Dataset.family.members().items() if issubclass(member, TextSet))
        raise ValueError(f"{found.name} holds no texts; write one of {sets}, or a FILE.csv")
    return found


def share_of(train: Texts, fraction: float, seed: int) -> Texts:
    """A share of training texts, each class by its share; seeded, and a smaller one lies in every larger."""
    if fraction == 1:
        return train
    return cast("Texts", stratified(train, max(1, round(fraction * len(train))), seed))


def require_reader(model: Network, data: TextSet) -> None:
    """Raises `ModelError` for a net that cannot read the texts: of images, of fewer or other words, of few places."""
    table = table_in(model.body)
    if table is None:
        raise ModelError(f"{model.source} reads no words, and {data.name} holds texts; write a model such as hf:FOLDER")
    words = data.cutting().words
    if words > table.num_embeddings:
        raise ModelError(
            f"the tokeniser of {data.name} ({data.tokenizer}) knows {words:,} words, and {model.source} has vectors for"
            f" {table.num_embeddings:,}; write tokenizer=FOLDER with the folder of that model"
            + (f", or tokenizer=plain:{table.num_embeddings}" if data.tokenizer.startswith("plain") else "")
        )
    _require_its_own(model, data, words, table.num_embeddings)
    _require_same_words(model, data)
    places, prompt = places_of(model.body), model.normalise.inserted
    most = None if places is None else places - prompt
    if most is not None and data.length > most:
        beside = f" beside its prompt of {prompt}" if prompt else ""
        raise ModelError(
            f"length={data.length}: {model.source} takes texts of {most} tokens at most{beside}; write length={most}"
        )


def _require_its_own(model: Network, data: TextSet, words: int, vectors: int) -> None:
    """A net whose vectors were learned elsewhere has as many as its tokeniser knows words, and a few to fill it up."""
    learned = model.origin.name.startswith(_LEARNED) and not model.origin.name.endswith(_RANDOM)
    if learned and vectors - words > max(_FILLED_UP, vectors // 10):
        raise ModelError(
            f"the tokeniser of {data.name} ({data.tokenizer}) knows {words:,} words, and {model.source} learned vectors"
            f" for {vectors:,}, so it is not its own; write tokenizer=FOLDER with the folder of that model"
        )


def _require_same_words(model: Network, data: TextSet) -> None:
    """A net that was adapted to texts says which tokeniser made their ids."""
    adapted = model.adapted
    theirs = None if adapted is None else adapted.of_data("tokenizer")
    if adapted is not None and theirs is not None and theirs != identity_of(data.tokenizer):
        raise ModelError(
            f"{model.source} learned {adapted.of_data('name')} with another tokeniser than {data.tokenizer}, so it"
            " would take words for others; write tokenizer=... as it was there"
        )


def _on_disk(text: str) -> bool:
    return text.lower().endswith(_FILES) or Path(text).expanduser().is_dir()
