"""Which samples trained, chose and judged: how many of each, and how they were parted."""

from collections.abc import Iterator

from tombola.data._base import Dataset
from tombola.tasks._base import Task
from tombola.tasks._of_data import OfData
from tombola.tasks._texts import OfTexts


def parts_of(task: Task) -> str:
    """Sizes of the three splits, and where they come from, in words."""
    splits = task.splits()
    sizes = f"{len(splits.train):,} training, {len(splits.val):,} validation, {len(splits.test):,} held-out samples"
    return f"{sizes}; {parted(task.data)}" if isinstance(task, OfData | OfTexts) else sizes


def parted(data: Dataset) -> str:
    """How a set's splits came to be: named by its files, or a share drawn by a seed.

    >>> from tombola.data.digits import Digits
    >>> parted(Digits())
    'a part held out, a part for validation, drawn by seed 0'
    """
    return ", ".join(_parted(data, set(data.given())))


def _parted(data: Dataset, given: set[str]) -> Iterator[str]:
    yield f"{_share(data, 'test', given, 'of all')} held out"
    yield f"{_share(data, 'val', given, 'of the others')} for validation"
    seed = getattr(data, "seed", None)
    if seed is not None and given < {"test", "val"}:
        yield f"drawn by seed {seed}"
    if getattr(data, "alike", "") == "together":
        yield "those that look alike on one side"


def _share(data: Dataset, split: str, given: set[str], of: str) -> str:
    fraction = getattr(data, f"{split}_fraction", None)
    if split in given:
        return "those that the data name"
    return "a part" if fraction is None else f"{100 * fraction:g} % {of}"
