"""What a folder's splits are made of: usable images with their files, and which of them look alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from tombola.data._alike import firsts, groups_of, looked_at, together
from tombola.data._base import Images, Subset
from tombola.data._files import names_below

_HELD: Final = ("test", "val", "train")


@dataclass(frozen=True)
class Part:
    """Images, the files they are of, and for each the place of the first that looks like it, (N,)."""

    images: Images
    files: tuple[Path, ...]
    groups: Tensor

    def parted(self, fraction: float, seed: int) -> "tuple[Part, Part]":
        """In two, the second holding a share: seeded, the same of every class, and no group in both."""
        kept, out = together(self.images.labels, self.groups, fraction, seed)
        return self.some(kept), self.some(out)

    def some(self, indices: Tensor) -> "Part":
        """Those at ``indices``."""
        files = tuple(self.files[index] for index in indices.tolist())
        return Part(Subset(self.images, indices), files, firsts(self.groups[indices].tolist()))


@dataclass(frozen=True)
class Looks:
    """By file the number of the first image that looks like it, and why some could not be looked at."""

    group: Mapping[Path, int]
    broken: Mapping[Path, str]

    def of(self, files: Sequence[Path]) -> Tensor:
        """The groups among some of the files, numbered by their places; who was not looked at is alone."""
        return firsts(self.group.get(file, -1 - place) for place, file in enumerate(files))


def looks_of(files: Sequence[Path], workers: int) -> Looks:
    """Every image decoded once."""
    cells, exact, broken = looked_at(files, workers)
    good = [index for index in range(len(files)) if index not in broken]
    groups = groups_of(cells[good], exact[good]).tolist()
    group = {files[index]: number for index, number in zip(good, groups, strict=True)}
    return Looks(group, {files[index]: why for index, why in broken.items()})


def apart(parts: Mapping[str, Part], looks: Looks, root: Path) -> tuple[dict[str, Part], dict[Path, str]]:
    """Splits that were given, without training images that look like held-out ones; these, and what they look like."""
    found, left, seen = dict(parts), dict[Path, str](), dict[int, Path]()
    for split in _HELD:
        if split not in parts:
            continue
        part = parts[split]
        groups = [looks.group[file] for file in part.files]
        others = {file: seen[group] for file, group in zip(part.files, groups, strict=True) if group in seen}
        seen |= {group: file for group, file in zip(groups, part.files, strict=True) if group not in seen}
        if others:
            kept = [place for place, file in enumerate(part.files) if file not in others]
            found[split] = part.some(torch.tensor(kept, dtype=torch.int64))
            names = names_below(root, list(others.values()))
            left |= {file: f"looks like {name} of another split" for file, name in zip(others, names, strict=True)}
    return found, left


def said_alike(parts: Mapping[str, Part], root: Path) -> str:
    """``12 images look alike in 5 groups (cat/1.jpg, cat/2.jpg, ...)``; empty where none do."""
    count, groups, mixed, example = 0, 0, 0, ""
    for part in parts.values():
        members: dict[int, list[int]] = {}
        for place, group in enumerate(part.groups.tolist()):
            members.setdefault(group, []).append(place)
        several = [some for some in members.values() if len(some) > 1]
        count, groups = count + sum(map(len, several)), groups + len(several)
        mixed += sum(len(set(part.images.labels[some].tolist())) > 1 for some in several)
        if several and not example:
            example = ", ".join(names_below(root, [part.files[place] for place in several[0][:3]]))
    if not groups:
        return ""
    classes = f", {mixed} of them across classes" if mixed else ""
    return f"{count} images look alike in {groups} group{'s' if groups > 1 else ''}{classes} ({example}, ...)"
