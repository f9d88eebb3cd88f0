"""Published sets: which files go where, counts that must hold, and what is said where a set is missing."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tombola.data._base import Dataset, InMemory, Published
from tombola.data._listed import Labelled
from tombola.data._on_disk import OnDisk
from tombola.data._published import PublishedSet
from tombola.errors import DataError

from .published_trees import SUN_TEST, SUN_TRAIN, TREES, class_folders

PUBLISHED = {  # Salman et al.'s table of the twelve, ImageNet's and SVHN's own pages
    "aircraft": (100, 6_667, 3_333, "mean_class_accuracy"),
    "birdsnap": (500, 32_677, 8_171, "accuracy"),
    "caltech101": (101, 3_030, 5_647, "mean_class_accuracy"),
    "caltech256": (257, 15_420, 15_187, "mean_class_accuracy"),
    "cars": (196, 8_144, 8_041, "accuracy"),
    "cifar10": (10, 50_000, 10_000, "accuracy"),
    "cifar100": (100, 50_000, 10_000, "accuracy"),
    "dtd": (47, 3_760, 1_880, "accuracy"),
    "flowers102": (102, 2_040, 6_149, "mean_class_accuracy"),
    "food101": (101, 75_750, 25_250, "accuracy"),
    "imagenet": (1_000, 1_281_167, 50_000, "accuracy"),
    "pets": (37, 3_680, 3_669, "mean_class_accuracy"),
    "sun397": (397, 19_850, 19_850, "accuracy"),
    "svhn": (10, 73_257, 26_032, "accuracy"),
    "voc0712": (20, 16_551, 4_952, "average_precision"),
    "voc": (21, 1_464, 1_449, "mean_iou"),
}


@pytest.fixture(autouse=True)
def _other_flowers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torchvision knows the MD5 of the flowers' real lists and their names; ours are others."""
    from torchvision.datasets import flowers102

    monkeypatch.setattr(flowers102, "check_integrity", lambda path, _: Path(path).is_file())
    monkeypatch.setattr(flowers102.Flowers102, "classes", ["pink primrose", "moon orchid"])


def made(name: str, root: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> PublishedSet:
    """The set ``name`` over its small tree, with that tree's counts as the published ones."""
    lay_out, counts = TREES[name]
    lay_out(root)
    found = Dataset.parse({"name": name, "root": root, "size": 8, "val_fraction": 0.34, **options})
    assert isinstance(found, PublishedSet)
    monkeypatch.setattr(type(found), "PUBLISHED", counts)
    return found


def names(pairs: Labelled) -> list[tuple[str, int]]:
    """``(file's name, label)``."""
    return [(file.name, label) for file, label in pairs]


def test_the_published_counts_and_metrics() -> None:
    found = {name: Dataset.family.get(name) for name in Dataset.family.names()}
    said = {
        name: (one.PUBLISHED.classes, one.PUBLISHED.train, one.PUBLISHED.test, one.JUDGED_BY)
        for name, one in found.items()
        if issubclass(one, Dataset) and one.PUBLISHED is not None
    }
    assert said.items() >= PUBLISHED.items()


def test_the_metrics_are_properties() -> None:
    from tombola.properties._base import Property

    assert {judged for *_, judged in PUBLISHED.values()} <= set(Property.family.names())


@pytest.mark.parametrize("name", TREES)
def test_a_set_loads_with_validation_out_of_train_only(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = made(name, tmp_path, monkeypatch, in_memory_mb=0)
    listed, splits = spec.files(), spec.load()
    train, val, test = splits.train, splits.val, splits.test
    assert isinstance(train, OnDisk)
    assert isinstance(val, OnDisk)
    assert isinstance(test, OnDisk)
    assert sorted(train.files + val.files) == sorted(file for file, _ in listed.train)
    assert list(test.files) == [file for file, _ in listed.test]
    assert not set(test.files) & set(train.files + val.files)
    assert not set(train.files) & set(val.files)
    assert len(val) > 0
    label = dict(listed.train)
    assert all(
        label[file] == int(known) for part in (train, val) for file, known in zip(part.files, part.labels, strict=True)
    )
    assert splits.classes == listed.classes
    assert (len(listed.classes), len(train) + len(val), len(test)) == tuple(vars(TREES[name][1]).values())


@pytest.mark.parametrize("name", TREES)
def test_in_memory_or_on_disk_the_pixels_are_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = made(name, tmp_path, monkeypatch)
    held, read = spec.load(), spec.replace(in_memory_mb=0).load()
    for one, other in ((held.train, read.train), (held.val, read.val), (held.test, read.test)):
        assert isinstance(one, InMemory)
        assert isinstance(other, OnDisk)
        everything = torch.arange(len(one))
        assert one.pixels_at(everything).shape == (len(one), 3, 8, 8)
        assert torch.equal(one.pixels_at(everything), other.pixels_at(everything))
        assert torch.equal(one.labels, other.labels)


def test_aircraft_trains_on_trainval_by_variant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = made("aircraft", tmp_path, monkeypatch).files()
    assert listed.classes == ("A300B4", "Boeing 737-700")
    assert names(listed.train) == [(f"{number:07}.jpg", number % 2) for number in range(6)]
    assert names(listed.test) == [("0000006.jpg", 0), ("0000007.jpg", 1), ("0000008.jpg", 0)]


def test_dtd_trains_on_train_and_val_of_the_first_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = made("dtd", tmp_path, monkeypatch).files()
    assert listed.classes == ("banded", "dotted")
    assert [name for name, _ in names(listed.train)] == [
        "banded_0000.jpg",
        "dotted_0000.jpg",
        "banded_0001.jpg",
        "dotted_0001.jpg",
    ]
    assert names(listed.test) == [("banded_0002.jpg", 0), ("dotted_0002.jpg", 1)]


def test_flowers_train_on_train_and_val(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = made("flowers102", tmp_path, monkeypatch).files()
    assert names(listed.train) == [(f"image_{number:05}.jpg", (number - 1) % 2) for number in (9, 10, 1, 2)]
    assert names(listed.test) == [(f"image_{number:05}.jpg", (number - 1) % 2) for number in range(3, 9)]


def test_food_and_pets_follow_their_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    food = made("food101", tmp_path, monkeypatch).files()
    assert (food.classes, names(food.train)) == (("pie", "ramen"), [("1.jpg", 0), ("2.jpg", 0), ("8.jpg", 1)])
    assert names(food.test) == [("3.jpg", 0), ("9.jpg", 1)]
    pets = made("pets", tmp_path, monkeypatch).files()
    assert pets.classes == ("Abyssinian", "Shiba Inu")
    assert names(pets.test) == [("Abyssinian_3.jpg", 0), ("shiba_inu_3.jpg", 1)]


def test_caltech101_trains_on_the_first_thirty_and_drops_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = made("caltech101", tmp_path, monkeypatch).files()
    assert listed.classes == ("Faces", "accordion")
    assert names(listed.train) == [(f"image_{n:04}.jpg", label) for label in (0, 1) for n in range(1, 31)]
    assert names(listed.test) == [
        ("image_0031.jpg", 0),
        ("image_0032.jpg", 0),
        ("image_0033.jpg", 0),
        ("image_0031.jpg", 1),
    ]


def test_caltech256_trains_on_the_first_sixty_and_keeps_the_clutter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = made("caltech256", tmp_path, monkeypatch).files()
    assert listed.classes == ("056.dog", "257.clutter")
    assert names(listed.train)[59:61] == [("056_0060.jpg", 0), ("257_0001.jpg", 1)]
    assert [name for name, _ in names(listed.test)] == ["056_0061.jpg", "056_0062.jpg", "056_0063.jpg", "257_0061.jpg"]


def test_cars_in_the_devkits_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = made("cars", tmp_path, monkeypatch)
    listed = spec.files()
    assert listed.classes == ("AM General Hummer SUV 2000", "Ram C/V Cargo Van Minivan 2012")
    assert [(f"{file.parent.name}/{file.name}", label) for file, label in listed.train[:2]] == [
        ("cars_train/00001.jpg", 1),
        ("cars_train/00002.jpg", 0),
    ]
    assert [label for _, label in listed.test] == [0, 1, 1, 0]
    assert spec.replace(root=tmp_path / "stanford_cars").files() == listed


@pytest.mark.parametrize(("name", "own"), [("cars", "stanford_cars"), ("sun397", "SUN397"), ("birdsnap", "birdsnap")])
@pytest.mark.parametrize("inside", [True, False])
def test_folders_of_classes(name: str, own: str, inside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec: Any = Dataset.parse(f"{name}:{tmp_path}")
    monkeypatch.setattr(type(spec), "PUBLISHED", Published(2, 3, 2))
    class_folders(tmp_path / own / "train" if inside else tmp_path / "train", {"a": 2, "b": 1})
    class_folders(tmp_path / own / "test" if inside else tmp_path / "test", {"b": 1, "a": 1})
    listed = spec.files()
    assert (listed.classes, names(listed.train)) == (("a", "b"), [("000.jpg", 0), ("001.jpg", 0), ("000.jpg", 1)])
    assert [file.parent.parent.name for file, _ in listed.test] == ["test", "test"]


@pytest.mark.parametrize("where", ["SUN397", "SUN397/Partitions", "", "Partitions"])
def test_sun397_follows_the_first_partition(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = made("sun397", tmp_path, monkeypatch)
    (tmp_path / where).mkdir(exist_ok=True)
    for file in ("Training_01.txt", "Testing_01.txt"):
        shutil.move(tmp_path / "SUN397" / file, tmp_path / where / file)
    listed = spec.files()
    assert listed.classes == ("abbey", "apartment_building/outdoor")
    for pairs, given in ((listed.train, SUN_TRAIN), (listed.test, SUN_TEST)):
        assert ["/" + file.relative_to(tmp_path / "SUN397").as_posix() for file, _ in pairs] == list(given)
    assert [label for _, label in listed.train] == [0, 0, 1]


def test_imagenets_val_is_the_test_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = made("imagenet", tmp_path, monkeypatch, in_memory_mb=0)
    assert spec.files().classes == ("n01440764", "n01443537")
    test = spec.load().test
    assert isinstance(test, OnDisk)
    assert {file.parent.parent.name for file in test.files} == {"val"}
    assert spec.replace(root=tmp_path / "imagenet").files() == spec.files()


@pytest.mark.parametrize("name", TREES)
def test_a_missing_set_says_where_it_is_where_to_put_it_and_what_to_write(name: str, tmp_path: Path) -> None:
    spec: Any = Dataset.parse(f"{name}:{tmp_path}")
    with pytest.raises(DataError) as raised:
        spec.load()
    text, origin = str(raised.value), type(spec).ORIGIN
    assert text.startswith(f"{name}: not found under {tmp_path}")
    assert "https://" in origin.site
    for part in (origin.site, origin.files, f"{tmp_path}/{origin.layout}", f"{name}:FOLDER", "root=FOLDER"):
        assert part in text
    assert ("download=true fetches it" in text) != ("download=true cannot fetch it: " in text)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["birdsnap", "cars", "imagenet", "sun397"])
def test_what_cannot_be_downloaded_says_so_when_it_is_asked_to(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"download=true cannot fetch it: .{20,}"):
        Dataset.parse({"name": name, "root": tmp_path, "download": True}).load()


@pytest.mark.parametrize(
    ("name", "readers"),
    [
        ("aircraft", "FGVCAircraft"),
        ("dtd", "DTD"),
        ("flowers102", "Flowers102"),
        ("food101", "Food101"),
        ("pets", "OxfordIIITPet"),
        ("caltech101", "Caltech101"),
        ("caltech256", "Caltech256"),
    ],
)
def test_download_is_torchvisions_and_only_when_asked_for(
    name: str, readers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision import datasets

    asked: list[bool] = []

    class Stand:
        def __init__(self, root: str, *, download: bool = False, **others: Any) -> None:
            asked.append(download)
            raise RuntimeError("the site is down")

    monkeypatch.setattr(datasets, readers, Stand)
    for download in (False, True):
        with pytest.raises(DataError, match=f"{name}: not found"):
            Dataset.parse({"name": name, "root": tmp_path, "download": download}).load()
    assert asked[-1:] == [True]
    assert asked[:-1] in ([], [False])


@pytest.mark.parametrize("name", TREES)
def test_counts_that_are_not_the_published_ones(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = made(name, tmp_path, monkeypatch)
    found = TREES[name][1]
    monkeypatch.setattr(type(spec), "PUBLISHED", Published(*PUBLISHED[name][:3]))
    for ask in (spec.check, spec.load):
        with pytest.raises(DataError) as raised:
            ask()
        text = str(raised.value)
        assert f"found {found.classes} classes, {found.train} training and {found.test} test images" in text
        assert "published are {:,} classes, {:,} training and {:,} test images".format(*PUBLISHED[name][:3]) in text
        assert "write folder:PATH for a version of your own" in text


def test_an_image_that_a_list_names_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = made("pets", tmp_path, monkeypatch)
    (tmp_path / "oxford-iiit-pet" / "images" / "shiba_inu_3.jpg").unlink()
    with pytest.raises(DataError, match=r"pets: 1 of its images .*shiba_inu_3\.jpg\); unpack images\.tar\.gz and"):
        spec.check()
    shutil.rmtree(tmp_path / "oxford-iiit-pet" / "images")
    (tmp_path / "oxford-iiit-pet" / "images").mkdir()
    with pytest.raises(DataError, match=r"pets: 6 of its images .*, \.\.\."):
        spec.check()


def test_a_list_that_is_cut_off_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    food = made("food101", tmp_path, monkeypatch)
    (tmp_path / "food-101" / "meta" / "test.json").write_text('{"pie": ["pie/')
    with pytest.raises(DataError, match=r"food101: not found .*Unterminated"):
        food.check()
    cars = made("cars", tmp_path, monkeypatch)
    (tmp_path / "stanford_cars" / "cars_test_annos_withlabels.mat").write_bytes(b"")
    with pytest.raises(DataError, match=r"cars: not found .*a broken \.mat file"):
        cars.check()


@pytest.mark.parametrize("in_memory_mb", [0, 100])
def test_a_corrupted_image_is_named(in_memory_mb: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = made("birdsnap", tmp_path, monkeypatch, in_memory_mb=in_memory_mb)
    (tmp_path / "birdsnap" / "test" / "Ovenbird" / "001.jpg").write_bytes(b"\xff\xd8\xff")
    spec.check()
    with pytest.raises(DataError, match=r"birdsnap: .*test/Ovenbird/001\.jpg.*unpack birdsnap\.tgz") as raised:
        spec.load().test.pixels_at(torch.arange(3))
    assert "broken=skip" not in str(raised.value)


def test_identity_is_by_name_and_options_without_any_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {name: Dataset.parse(f"{name}:{tmp_path / 'none'}") for name in TREES}
    assert len({one.digest() for one in nowhere.values()}) == len(TREES)
    here = made("pets", tmp_path, monkeypatch, val_fraction=0.1, size=224, workers=3, in_memory_mb=1)
    assert here.digest() == nowhere["pets"].digest() == Dataset.parse("pets").digest()
    changed = [
        here.replace(**change).digest() for change in ({"size": 64}, {"crop": 1.0}, {"seed": 1}, {"val_fraction": 0.2})
    ]
    assert len({here.digest(), *changed}) == 5


def test_the_split_follows_the_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = made("caltech101", tmp_path, monkeypatch, in_memory_mb=0)
    held: list[Any] = [spec.replace(seed=seed).load().val for seed in (0, 0, 1)]
    assert held[0].files == held[1].files != held[2].files
    assert torch.bincount(held[0].labels).tolist() == [10, 10]


def test_a_val_fraction_that_leaves_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = made("pets", tmp_path, monkeypatch)
    with pytest.raises(DataError, match=r"val_fraction=0\.01 leaves no validation images of 4"):
        spec.replace(val_fraction=0.01).load()
    with pytest.raises(DataError, match=r"val_fraction=0\.99 leaves no training images of 4"):
        spec.replace(val_fraction=0.99).load()


def test_test_images_lose_their_rim_and_training_images_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """256 cut to 224 in small: an eighth of the side is left out, half of it at each edge."""
    spec = made("imagenet", tmp_path, monkeypatch, size=14)
    ramp = np.repeat(np.arange(16, dtype=np.uint8)[None, :, None] * 16, 16, axis=0).repeat(3, axis=2)
    for file in (tmp_path / "imagenet").rglob("*.jpg"):
        Image.fromarray(ramp).save(file, format="PNG")
    splits = spec.load()
    first = torch.tensor([0])
    assert splits.test.pixels_at(first)[0, 0, 0].tolist() == (torch.arange(1, 15) * 16).tolist()
    assert torch.equal(splits.val.pixels_at(first), splits.test.pixels_at(first))
    whole = splits.train.pixels_at(first)[0, 0, 0].tolist()
    assert whole[0] < 16
    assert whole[-1] > 14 * 16
    assert torch.equal(
        spec.replace(crop=1.0).load().test.pixels_at(first)[0, 0, 0], torch.tensor(whole, dtype=torch.uint8)
    )


def test_a_study_of_sets_that_are_not_there_is_planned(tmp_path: Path) -> None:
    from tombola.study.plan import Plan
    from tombola.study.study import Study

    sets = (*TREES, "cifar10", "cifar100", "svhn")
    study = Study.of(
        {
            "model": "torchvision:resnet18",
            "draw": {"name": "omp", "sparsity": 0.9},
            "transfer": "linear",
            "axes": {"task": {name: {"target": {"name": name, "root": str(tmp_path)}} for name in sets}},
        }
    )
    assert len({cell.measures[0].key for cell in Plan.of(study).cells}) == len(sets)
