"""Image sets in result rows: what they are called."""

from pathlib import PurePath

from tombola.data._base import Dataset


def label_of(dataset: Dataset) -> str:
    """``digits``, or ``folder:pets (1f2e3d4c)`` where options or files make it one of many."""
    plain = not any(field.is_required() for field in type(dataset).model_fields.values())
    if plain and dataset == type(dataset)():
        return dataset.name
    text = getattr(dataset, dataset.ARGUMENT) if dataset.ARGUMENT else None
    behind = "" if text is None else f":{text.name if isinstance(text, PurePath) else text}"
    return f"{dataset.name}{behind} ({dataset.digest()[:8]})"
