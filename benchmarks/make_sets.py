"""What `benchmarks/make.py` makes things from: real examples as a user has them, in folders and tables."""

import csv
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

DATA: Final = Path(os.environ.get("TOMBOLA_DATA", "../shared/data"))


def photographs(out: Path) -> Path:
    """Caltech-101 as a messy folder: a class each, suffixes of both cases, a broken picture, a hidden file, a note."""
    _written(["caltech101/caltech101_96_train.npz", "caltech101/caltech101_96_test.npz"], out)
    first = sorted(path for path in out.iterdir() if path.is_dir())[0]
    (first / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (first / ".DS_Store").write_bytes(b"\0")
    (out / "notes.txt").write_text("taken in 2003", encoding="utf-8")
    return out


def textures(out: Path) -> Path:
    """Ten classes of the Describable Textures, a folder a class."""
    return _written(["dtd10/dtd10_112.npz"], out)


def reviews(out: Path) -> Path:
    """SST-2's sentences, all that are labelled, in one table."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / "reviews.csv"
    with file.open("w", newline="", encoding="utf-8") as table:
        writer = csv.writer(table)
        writer.writerow(["text", "label"])
        with zipfile.ZipFile(DATA / "nlp" / "nlp_small.zip") as packed:
            for name in sorted(name for name in packed.namelist() if name.startswith("sst2/")):
                writer.writerows(_labelled(packed.read(name).decode("utf-8").splitlines()))
    return file


def _labelled(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Text and label of lines that end in a label behind a tab."""
    cut = (line.rpartition("\t") for line in lines)
    return [(text, label) for text, _, label in cut if label in ("0", "1")]


def _written(packs: Sequence[str], out: Path) -> Path:
    """The pictures of packs as the files they are, every third with its suffix in capitals."""
    for pack in packs:
        held = np.load(DATA / pack)
        classes, data, ends = [str(name) for name in held["classes"]], held["data"], held["offsets"]
        for number, label in enumerate(held["labels"]):
            folder = out / classes[int(label)]
            folder.mkdir(parents=True, exist_ok=True)
            content = data[ends[number] : ends[number + 1]].tobytes()
            suffix = ".JPG" if number % 3 == 0 else ".jpg"
            (folder / f"{Path(pack).stem} {number}{suffix}").write_bytes(content)
    return out
