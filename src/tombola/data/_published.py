"""Published image sets: the split that was published or nothing, and an error that says how to get what is missing.

A set is identified by its name and options, never by its files, so that a study can be planned without any. The files
are held to the published counts instead.
"""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from tarfile import TarError
from typing import ClassVar

import torch

from tombola.data._base import Dataset, Images, InMemory, Published, Splits, Subset, hold_out
from tombola.data._decode import decode_all
from tombola.data._listed import Labelled, Listed
from tombola.data._on_disk import OnDisk, named
from tombola.data._torchvision import ROOT
from tombola.errors import DataError
from tombola.spec import option

UNREADABLE = (RuntimeError, OSError, ValueError, LookupError, EOFError, TarError)
"""What readers raise on sets that are missing, cut off or laid out in another way."""


@dataclass(frozen=True)
class Origin:
    """Where a set comes from: the site, the files to fetch there, and what lies below ``root`` when they are unpacked.

    ``undownloadable`` says why torchvision cannot fetch it; empty where it can.
    """

    site: str
    files: str
    layout: str
    undownloadable: str = ""
    note: str = ""


class PublishedSet(Dataset):
    """Image files in a published split; validation is held out of the training images."""

    ARGUMENT: ClassVar[str | None] = "root"
    AUGMENT: ClassVar[str] = "rrc"
    PUBLISHED: ClassVar[Published]
    ORIGIN: ClassVar[Origin]

    root: Path = option(ROOT, "the folder that holds the set's own folder", identity=False)
    download: bool = option(default=False, help="fetch it if it is not there and still can be had", identity=False)
    size: int = option(224, "height and width in pixels", ge=8, le=1024)
    crop: float = option(0.875, "the share of the short side that a test image keeps: 256 cut to 224", gt=0, le=1)
    val_fraction: float = option(0.1, "the share of the training images held out", gt=0, lt=1)
    seed: int = option(0, "which split", ge=0)
    in_memory_mb: int = option(2048, "the largest split that is decoded once and kept", ge=0, identity=False)
    workers: int = option(0, "threads that decode; 0 takes one a core, 16 at most", ge=0, le=256, identity=False)

    @abstractmethod
    def listed(self, place: Path) -> Listed:
        """The files of both splits below ``place``; raises one of `UNREADABLE` where they are not as published."""

    @property
    def place(self) -> Path:
        """``root`` as it is found from anywhere."""
        return self.root.expanduser().absolute()

    def check(self) -> None:
        """Raise the `DataError` of files that are missing or not the published ones; decodes none."""
        self.files()

    def files(self) -> Listed:
        """The files of both splits, as many as published."""
        try:
            listed = self.listed(self.place)
        except UNREADABLE as error:
            raise DataError(f"{self.name}: not found under {self.place} ({_first(error)}); {self.how()}") from None
        require(self.name, self.PUBLISHED, found_in(listed), f"below {self.place}", self.ORIGIN)
        if absent := listed.absent():
            shown = ", ".join(str(file.relative_to(self.place)) for file in absent[:3])
            raise DataError(
                f"{self.name}: {len(absent):,} of its images are not below {self.place} ({shown}"
                f"{', ...' if len(absent) > 3 else ''}); unpack {self.ORIGIN.files} there again"
            )
        return listed

    def how(self) -> str:
        """Where to get the set, where to put it and what to write."""
        return how_to_get(self.name, self.ORIGIN, self.place)

    def load(self) -> Splits:
        listed = self.files()
        every = self._on_disk(listed.classes, listed.train, crop=1.0)
        train, val = (self._of(listed, part) for part in hold_out(every, self.val_fraction, self.seed))
        for part, name in ((train, "training"), (val, "validation")):
            if not part:
                raise DataError(
                    f"{self.name}: val_fraction={self.val_fraction} leaves no {name} images of {len(listed.train):,};"
                    " write one nearer to 0.1"
                )
        return Splits(
            self._images(listed.classes, train, crop=1.0),
            self._images(listed.classes, val, crop=self.crop),
            self._images(listed.classes, listed.test, crop=self.crop),
        )

    def _of(self, listed: Listed, part: Images) -> Labelled:
        assert isinstance(part, Subset)
        return [listed.train[index] for index in part.indices.tolist()]

    def _images(self, classes: tuple[str, ...], pairs: Labelled, *, crop: float) -> Images:
        files = self._on_disk(classes, pairs, crop=crop)
        if len(pairs) * 3 * self.size**2 > self.in_memory_mb * 1_000_000:
            return files
        pixels, broken = decode_all(files.files, self.size, self.workers, crop)
        if broken:
            raise DataError(f"{self.name}: {named(self.place, files.files, broken)}; {files.remedy}")
        return InMemory(pixels, files.labels, classes)

    def _on_disk(self, classes: tuple[str, ...], pairs: Labelled, *, crop: float) -> OnDisk:
        labels = torch.tensor([label for _, label in pairs], dtype=torch.int64)
        remedy = f"unpack {self.ORIGIN.files} again"
        files = tuple(file for file, _ in pairs)
        return OnDisk(files, labels, classes, self.size, self.workers, crop=crop, called=self.name, remedy=remedy)


def found_in(listed: Listed) -> Published:
    """The counts of what was found."""
    return Published(len(listed.classes), len(listed.train), len(listed.test))


def require(name: str, published: Published, found: Published, where: str, origin: Origin) -> None:
    """Raise a `DataError` unless the counts are those published."""
    if found != published:
        raise DataError(
            f"{name}: found {_counts(found)} {where}; published are {_counts(published)}. Put the whole set there"
            f" ({origin.files} from {origin.site}), or write folder:PATH for a version of your own"
            + (f". {origin.note}" if origin.note else "")
        )


def how_to_get(name: str, origin: Origin, place: Path) -> str:
    """Where to get a set, where to put it and what to write, as the end of a sentence."""
    there = f"so that {place}/{origin.layout} is there, or write {name}:FOLDER (root=FOLDER) for a FOLDER that holds it"
    fetched = (
        f"download=true cannot fetch it: {origin.undownloadable}"
        if origin.undownloadable
        else "download=true fetches it"
    )
    note = f". {origin.note}" if origin.note else ""
    return f"get {origin.files} from {origin.site} and unpack it {there}; {fetched}{note}"


def _counts(counts: Published) -> str:
    return f"{counts.classes:,} classes, {counts.train:,} training and {counts.test:,} test images"


def _first(error: Exception) -> str:
    """The first line of what a reader said."""
    return (str(error) or type(error).__name__).splitlines()[0]
