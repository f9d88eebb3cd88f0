"""How a task's data are written: by name, and with options that are the data set's own beside the task's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tombola.data._base import Dataset
from tombola.errors import UnknownName, near
from tombola.models.adapted import Preprocessing
from tombola.registry import Member
from tombola.tasks._base import Task

_PARTED: Final = ("seed", "val_fraction", "test_fraction", "alike", "text", "second", "label")
"""Options that say what is read and which samples are held out."""


def with_data_options(values: Any, task: type[Member]) -> Any:
    """A task's options, those that are the data set's own moved to it."""
    if not isinstance(values, Mapping) or not isinstance(values.get("data"), str):
        return values
    name = values["data"].partition(":")[0]
    if name not in Dataset.family.names():
        return values
    theirs, ours = list(Dataset.family.get(name).model_fields), list(task.model_fields)
    moved = {word: value for word, value in values.items() if word not in ours and _meant(word, theirs, ours)}
    kept = {word: value for word, value in values.items() if word not in moved}
    return {**kept, "data": {"name": values["data"], **moved}} if moved else values


def made_ready(data: Dataset, how: Preprocessing) -> Dataset:
    """The set with its images made ready like this, where its own options leave that open; itself where none do."""
    asked = {"size": how.size, "crop": how.crop}
    left_open = type(data).model_fields.keys() - data.model_fields_set
    found = {name: value for name, value in asked.items() if name in left_open and value is not None}
    return data.replace(**found) if found else data


def parted_as(data: Dataset, theirs: Mapping[str, Any]) -> Dataset:
    """The set read and split as ``theirs``, a set's identity, where both are of the same files; options given stand.

    So what a network was trained on is not taken for what it never saw.
    """
    if "content" not in theirs or theirs["content"] != data.identity().get("content"):
        return data
    left_open = type(data).model_fields.keys() - data.model_fields_set
    found = {name: theirs[name] for name in _PARTED if name in left_open and name in theirs}
    return data.replace(**found) if found else data


def known_data(value: object) -> Dataset:
    """The data set meant; an unknown name says which data sets and which tasks there are."""
    try:
        return Dataset.parse(value)
    except UnknownName:
        raise UnknownName(f"no task and no data set is called {str(value)!r}{_meant_by(str(value))}") from None


def _meant(word: str, theirs: list[str], ours: list[str]) -> bool:
    """Whether an option is the data set's, or misspells one of its: then the data set's report names the right one."""
    return word in theirs or (bool(near(word, theirs)) and not near(word, ours))


def _meant_by(text: str) -> str:
    """What to write instead: the folder or file that is there, or names that are spelt alike."""
    path = Path(text)
    if path.exists():
        kind = "folder" if path.is_dir() else "pack" if path.suffix in (".npz", ".zip") else "text"
        return f"; write {kind}:{text} for what lies there"
    if text != path.name and ":" not in text:  # no set's name has a folder in front
        return (
            "; there is no such folder or file; write a folder with a folder a class in it, or a .csv, .tsv, .jsonl or"
            " .parquet file that is there; tombola list datasets names the sets"
        )
    return f"{near(text, [*Dataset.family.names(), *Task.family.names()])}; tombola list datasets names them all"
