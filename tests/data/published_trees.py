"""Small trees laid out as the published sets are, for their tests; a file's bytes say which file it is."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from tombola.data._base import Published


def picture(path: Path, shade: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 10), (shade, shade, shade)).save(path)


def pictures(paths: Iterable[Path]) -> None:
    """Every picture a shade of its own."""
    for shade, path in enumerate(paths):
        picture(path, shade % 256)


def class_folders(root: Path, each: dict[str, int]) -> None:
    pictures(root / name / f"{number:03}.jpg" for name, count in each.items() for number in range(count))


def aircraft(root: Path) -> None:
    data = root / "fgvc-aircraft-2013b" / "data"
    pictures(data / "images" / f"{number:07}.jpg" for number in range(9))
    (data / "variants.txt").write_text("A300B4\nBoeing 737-700\n")
    variants = ["A300B4", "Boeing 737-700"]
    for split, numbers in {"train": (0, 1, 2), "val": (3, 4, 5), "trainval": range(6), "test": (6, 7, 8)}.items():
        lines = [f"{number:07} {variants[number % 2]}\n" for number in numbers]
        (data / f"images_variant_{split}.txt").write_text("".join(lines))


def dtd(root: Path) -> None:
    """Partition 2 is another one."""
    data = root / "dtd" / "dtd"
    names = [f"{kind}/{kind}_{number:04}.jpg" for number in range(3) for kind in ("banded", "dotted")]
    pictures(data / "images" / name for name in names)
    (data / "labels").mkdir()
    for partition, order in ((1, names), (2, names[::-1])):
        for place, split in enumerate(("train", "val", "test")):
            text = "\n".join(order[2 * place : 2 * place + 2]) + "\n"
            (data / "labels" / f"{split}{partition}.txt").write_text(text)


def flowers102(root: Path) -> None:
    """As published, test is larger than train and val together, and images are numbered from 1."""
    data = root / "flowers-102"
    pictures(data / "jpg" / f"image_{number:05}.jpg" for number in range(1, 11))
    savemat(data / "setid.mat", {"trnid": [[9, 10]], "valid": [[1, 2]], "tstid": [[3, 4, 5, 6, 7, 8]]})
    savemat(data / "imagelabels.mat", {"labels": [[1, 2] * 5]})


def food101(root: Path) -> None:
    data = root / "food-101"
    split = {
        "train": {"pie": ["pie/1", "pie/2"], "ramen": ["ramen/8"]},
        "test": {"pie": ["pie/3"], "ramen": ["ramen/9"]},
    }
    pictures(data / "images" / f"{name}.jpg" for part in split.values() for names in part.values() for name in names)
    (data / "meta").mkdir()
    for name, part in split.items():
        (data / "meta" / f"{name}.json").write_text(json.dumps(part))


def pets(root: Path) -> None:
    data = root / "oxford-iiit-pet"
    parts = {
        "trainval": ["Abyssinian_1 1 1 1", "Abyssinian_2 1 1 1", "shiba_inu_1 2 2 1", "shiba_inu_2 2 2 1"],
        "test": ["Abyssinian_3 1 1 1", "shiba_inu_3 2 2 1"],
    }
    pictures(data / "images" / f"{line.split()[0]}.jpg" for lines in parts.values() for line in lines)
    (data / "annotations").mkdir()
    for split, lines in parts.items():
        (data / "annotations" / f"{split}.txt").write_text("\n".join(lines) + "\n")


def caltech101(root: Path) -> None:
    data = root / "caltech101" / "101_ObjectCategories"
    each = {"BACKGROUND_Google": 40, "Faces": 33, "accordion": 31}
    pictures(data / name / f"image_{number:04}.jpg" for name, count in each.items() for number in range(1, count + 1))
    (data / "BACKGROUND_Google" / "tmp").touch()


def caltech256(root: Path) -> None:
    """Two of the published archive's oddities are here: a folder in a class folder, and a file that is no image."""
    data = root / "caltech256" / "256_ObjectCategories"
    each = {"056.dog": 63, "257.clutter": 61}
    pictures(
        data / name / f"{name[:3]}_{number:04}.jpg" for name, count in each.items() for number in range(1, count + 1)
    )
    picture(data / "056.dog" / "greg" / "vision309" / "056_0099.jpg")
    (data / "056.dog" / "RENAME2").write_text("mv a b\n")


def birdsnap(root: Path) -> None:
    class_folders(root / "birdsnap" / "train", {"Blue_Jay": 4, "Ovenbird": 3})
    class_folders(root / "birdsnap" / "test", {"Blue_Jay": 1, "Ovenbird": 2})


def cars(root: Path) -> None:
    """As torchvision reads it: the classes are numbered from 1 in a file of their own."""
    data = root / "stanford_cars"
    pictures(data / f"cars_{split}" / f"{number:05}.jpg" for split in ("train", "test") for number in range(1, 5))
    (data / "devkit").mkdir()
    names = np.array(["AM General Hummer SUV 2000", "Ram C/V Cargo Van Minivan 2012"], dtype=object)
    savemat(data / "devkit" / "cars_meta.mat", {"class_names": names})
    kind = [("class", "u1"), ("fname", "O")]
    for file, classes in (
        ("devkit/cars_train_annos.mat", (2, 1, 1, 2)),
        ("cars_test_annos_withlabels.mat", (1, 2, 2, 1)),
    ):
        rows = [(label, f"{number:05}.jpg") for number, label in enumerate(classes, 1)]
        savemat(data / file, {"annotations": np.array(rows, dtype=kind)})


SUN_TRAIN = ("/a/abbey/sun_a.jpg", "/a/abbey/sun_b.jpg", "/a/apartment_building/outdoor/sun_c.jpg")
SUN_TEST = ("/a/abbey/sun_d.jpg", "/a/apartment_building/outdoor/sun_e.jpg")


def sun397(root: Path) -> None:
    """An image that neither list names is there too, as most of the set's are."""
    data = root / "SUN397"
    pictures(data / name.lstrip("/") for name in (*SUN_TRAIN, *SUN_TEST, "/a/abbey/sun_unlisted.jpg"))
    (data / "Training_01.txt").write_text("\n".join(SUN_TRAIN) + "\n")
    (data / "Testing_01.txt").write_text("\n".join(SUN_TEST))


def imagenet(root: Path) -> None:
    class_folders(root / "imagenet" / "train", {"n01440764": 5, "n01443537": 3})
    class_folders(root / "imagenet" / "val", {"n01440764": 2, "n01443537": 2})


TREES: dict[str, tuple[Callable[[Path], None], Published]] = {
    "aircraft": (aircraft, Published(2, 6, 3)),
    "birdsnap": (birdsnap, Published(2, 7, 3)),
    "caltech101": (caltech101, Published(2, 60, 4)),
    "caltech256": (caltech256, Published(2, 120, 4)),
    "cars": (cars, Published(2, 4, 4)),
    "dtd": (dtd, Published(2, 4, 2)),
    "flowers102": (flowers102, Published(2, 4, 6)),
    "food101": (food101, Published(2, 3, 2)),
    "imagenet": (imagenet, Published(2, 8, 4)),
    "pets": (pets, Published(2, 4, 2)),
    "sun397": (sun397, Published(2, 3, 2)),
}
"""By name: what lays the tree out, and how much is in it."""
