"""Folders: both layouts, broken and odd files, splits that hold, an identity that follows the files."""

import os
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tombola.data._base import Dataset, InMemory, Splits, Subset, of_images
from tombola.data._left_out import table
from tombola.data._on_disk import OnDisk
from tombola.data._unlabelled import Unlabelled
from tombola.data.folder import Folder
from tombola.errors import DataError, RequestError
from tombola.tasks._base import Task

COLOURS = {"cat": (200, 30, 30), "dog": (30, 200, 30), "eel": (30, 30, 200)}


def fill(
    root: Path, *, each: int = 10, classes: dict[str, tuple[int, int, int]] = COLOURS, suffix: str = ".png"
) -> Path:
    for name, colour in classes.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            Image.new("RGB", (24, 20), (*colour[:2], colour[2] + number)).save(root / name / f"{number:02}{suffix}")
    return root


def cut(path: Path) -> Path:
    """A JPEG without its second half."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def folder(path: Path, **options: Any) -> Folder:
    parsed = Dataset.parse({"name": f"folder:{path}", "size": 8, **options})
    assert isinstance(parsed, Folder)
    return parsed


def loaded(dataset: Folder) -> Splits:
    """Its images with their labels."""
    return of_images(dataset.load(), "this test")


def colours(splits: Splits) -> list[tuple[int, ...]]:
    """One image a class of the training split, its middle pixel rounded to hundreds of the class's colour."""
    found = []
    for label in range(len(splits.classes)):
        index = torch.nonzero(splits.train.labels == label)[0]
        found.append(tuple(splits.train.pixels_at(index)[0, :, 4, 4].tolist()))
    return found


def test_classes_directly_below_are_split_by_seed(tmp_path: Path) -> None:
    splits = loaded(folder(fill(tmp_path)))
    assert splits.classes == ("cat", "dog", "eel")
    assert [torch.bincount(part.labels).tolist() for part in (splits.train, splits.val, splits.test)] == [
        [7, 7, 7],
        [1, 1, 1],
        [2, 2, 2],
    ]
    assert [max(range(3), key=colour.__getitem__) for colour in colours(splits)] == [0, 1, 2]


def test_no_image_is_in_two_splits(tmp_path: Path) -> None:
    splits = loaded(folder(fill(tmp_path)))
    pictures = torch.cat([part.pixels_at(torch.arange(len(part))) for part in (splits.train, splits.val, splits.test)])
    assert len(torch.unique(pictures.flatten(1), dim=0)) == 30


@pytest.mark.parametrize(
    ("made", "sizes"),
    [
        (("train", "test"), (27, 3, 30)),
        (("train", "val"), (27, 3, 30)),
        (("Train", "Valid"), (27, 3, 30)),
        (("train", "val", "test"), (30, 30, 30)),
        (("train",), (21, 3, 6)),
    ],
)
def test_split_folders(tmp_path: Path, made: tuple[str, ...], sizes: tuple[int, int, int]) -> None:
    for split in made:
        fill(tmp_path / split)
    splits = loaded(folder(tmp_path))
    assert (len(splits.train), len(splits.val), len(splits.test)) == sizes


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    fill(tmp_path, classes={"car": (9, 9, 9), "train": (99, 9, 9)})
    assert loaded(folder(tmp_path)).classes == ("car", "train")


def test_the_same_split_every_time_and_another_by_seed(tmp_path: Path) -> None:
    fill(tmp_path)
    chosen = []
    for seed in (0, 0, 1):
        test = loaded(folder(tmp_path, seed=seed)).test
        assert isinstance(test, Subset)
        chosen.append(test.indices.tolist())
    assert chosen[0] == chosen[1] != chosen[2]


def take_all(splits: Splits) -> list[torch.Tensor]:
    return [part.pixels_at(torch.arange(len(part))) for part in (splits.train, splits.val, splits.test)]


@pytest.mark.parametrize("in_memory_mb", [0, 100])
def test_a_truncated_image_is_named(tmp_path: Path, in_memory_mb: int) -> None:
    cut(fill(tmp_path) / "dog" / "broken.JPG")
    spec = folder(tmp_path, in_memory_mb=in_memory_mb)
    with pytest.raises(DataError, match=r"(?=.*truncated)(?=.*dog/broken\.JPG).*broken=skip"):
        take_all(loaded(spec))


@pytest.mark.parametrize("in_memory_mb", [0, 100])
def test_the_rest_is_usable_by_option(tmp_path: Path, in_memory_mb: int) -> None:
    cut(fill(tmp_path) / "dog" / "broken.JPG")
    (tmp_path / "cat" / "text.png").write_text("no image")
    (tmp_path / "eel" / "nothing.jpg").touch()
    with pytest.warns(
        UserWarning,
        match=r"skipped 3 broken images .*: 2 not an image.*: cat/text\.png, eel/nothing\.jpg; 1 .*trunc.*dog/broken",
    ):
        splits = loaded(folder(tmp_path, broken="skip", in_memory_mb=in_memory_mb))
    parts = [splits.train, splits.val, splits.test]
    assert sum(map(len, parts)) == 30
    assert all(part.pixels_at(torch.arange(len(part))).shape == (len(part), 3, 8, 8) for part in parts)


def test_many_broken_images_are_counted(tmp_path: Path) -> None:
    fill(tmp_path)
    for number in range(12):
        (tmp_path / "cat" / f"x{number}.png").touch()
    with pytest.raises(DataError, match=r"12 broken images in .* and 7 more"):
        loaded(folder(tmp_path))


def test_large_sets_are_decoded_when_taken_to_the_same_pixels(tmp_path: Path) -> None:
    fill(tmp_path, suffix=".jpg")
    held, decoded = (loaded(folder(tmp_path, in_memory_mb=mb)).train for mb in (100, 0))
    assert isinstance(held, Subset)
    assert isinstance(decoded, Subset)
    while isinstance(held, Subset) and isinstance(decoded, Subset):
        held, decoded = held.whole, decoded.whole
    assert isinstance(held, InMemory)
    assert isinstance(decoded, OnDisk)
    assert (held.on_disk, decoded.on_disk) == (False, True)
    order = torch.tensor([4, 29, 4, 0])
    assert torch.equal(held.pixels_at(order), decoded.pixels_at(order))


def test_hidden_and_other_files_empty_and_nested_folders(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "unicorn").mkdir()
    (tmp_path / ".git").mkdir()
    shutil.copy(tmp_path / "cat" / "00.png", tmp_path / ".git" / "a.png")
    shutil.copy(tmp_path / "cat" / "00.png", tmp_path / "cat" / "._00.png")
    (tmp_path / "cat" / "notes.txt").write_text("n")
    (tmp_path / "dog" / "deep" / "er").mkdir(parents=True)
    shutil.copy(tmp_path / "dog" / "00.png", tmp_path / "dog" / "deep" / "er" / "NESTED.PNG")
    with pytest.warns(UserWarning, match="unicorn"):
        splits = loaded(folder(tmp_path))
    assert splits.classes == ("cat", "dog", "eel")
    assert len(splits.train) + len(splits.val) + len(splits.test) == 31


def test_a_link_back_up_does_not_count_images_twice(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "cat" / "loop").symlink_to(tmp_path / "cat", target_is_directory=True)
    splits = loaded(folder(tmp_path))
    assert sum(map(len, (splits.train, splits.val, splits.test))) == 30


def test_images_in_no_folders_have_no_labels_and_who_needs_labels_refuses_them(tmp_path: Path) -> None:
    fill(tmp_path / "flat")
    for file in (tmp_path / "flat" / "cat").iterdir():
        shutil.copy(file, tmp_path)
    shutil.rmtree(tmp_path / "flat")
    splits = folder(tmp_path).load()
    assert isinstance(splits.train, Unlabelled)
    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [7, 1, 2]
    assert splits.classes == ()
    assert Task.parse(f"contrastive:folder:{tmp_path}").splits().train.title_of(0).endswith(".png")
    with pytest.raises(DataError, match=r"labels, and these have none; .* PATH/cat/1\.jpg, .* contrastive:folder:PATH"):
        Task.parse(f"folder:{tmp_path}").splits()


def test_no_images_at_all_says_what_is_expected_and_found(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    with pytest.raises(DataError, match=r"no class folders.*0 images directly in it.*cat/ .*PATH/cat/1\.jpg"):
        loaded(folder(tmp_path))


def test_a_missing_folder_a_file_and_no_path(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not there"):
        loaded(folder(tmp_path / "none"))
    (tmp_path / "f").touch()
    with pytest.raises(DataError, match="is a file"):
        folder(tmp_path / "f").digest()
    with pytest.raises(RequestError, match="path"):
        Dataset.parse("folder")


def test_split_folders_without_classes_or_train(tmp_path: Path) -> None:
    fill(tmp_path / "a", classes={"train": (1, 2, 3), "test": (3, 2, 1)})
    with pytest.raises(DataError, match="train holds no class folders"):
        loaded(folder(tmp_path / "a"))
    fill(tmp_path / "b" / "test")
    with pytest.raises(DataError, match="there is no train folder"):
        loaded(folder(tmp_path / "b"))


def test_a_test_class_that_is_not_trained_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "train")
    fill(tmp_path / "test", classes={**COLOURS, "fox": (1, 1, 1)})
    with pytest.raises(DataError, match="no training images: fox"):
        loaded(folder(tmp_path))


def test_too_few_images_for_a_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too few images for a"):
        loaded(folder(fill(tmp_path, each=1)))


def test_identity_follows_the_files_and_not_the_place(tmp_path: Path) -> None:
    first = folder(fill(tmp_path / "a"))
    key = first.digest()
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    assert folder(tmp_path / "copy", workers=3, broken="skip").digest() == key
    assert folder(tmp_path / "a", size=16).digest() != key
    picture = tmp_path / "a" / "cat" / "00.png"
    Image.new("RGB", (24, 20), (201, 30, 30)).save(picture)
    os.utime(picture, ns=(1, 1))
    changed = first.digest()
    assert changed != key
    picture.rename(picture.with_name("zz.png"))
    assert first.digest() not in (key, changed)


def test_a_changed_folder_is_loaded_again(tmp_path: Path) -> None:
    from tombola.data._base import loaded

    spec = folder(fill(tmp_path))
    before = loaded(spec)
    assert loaded(spec) is before
    fill(tmp_path, each=12)
    assert len(loaded(spec).train) > len(before.train)


def messy(root: Path) -> Path:
    """A folder with one of each odd thing, and one of each broken."""
    fill(root)
    noise = np.random.default_rng(0).integers(0, 255, (20, 24, 3), dtype=np.uint8)
    cat = root / "cat"
    odd = Image.fromarray(noise)
    exif = Image.Exif()
    exif[0x0112] = 6
    odd.convert("RGBA").save(cat / "clear.png")
    odd.convert("CMYK").save(cat / "print.jpg")
    odd.convert("P").save(cat / "palette.gif")
    odd.save(cat / "turned.JPG", exif=exif)
    Image.fromarray(noise[..., 0].astype(np.uint16) * 257).save(cat / "sixteen.png")
    odd.save(cat / "moving.webp", save_all=True, append_images=[odd.rotate(180)])
    odd.save(cat / "猫 кот.png")
    (cat / ".hidden.png").write_bytes(b"")
    (cat / "link.png").symlink_to(cat / "clear.png")
    (root / "one").mkdir()
    odd.save(root / "one" / "only.png")
    (root / "empty").mkdir()
    cut(root / "dog" / "cut.jpg")
    (root / "dog" / "text.png").write_text("no image")
    (root / "dog" / "nothing.png").touch()
    (root / "dog" / "lost.png").symlink_to(root / "nowhere.png")
    (root / "dog" / "loop").symlink_to(root / "dog", target_is_directory=True)
    (root / "dog" / "notes.txt").write_text("n")
    Image.fromarray(noise[..., 0].astype(np.float32)).save(root / "dog" / "float.tif")
    Image.new("RGB", (4000, 8)).save(root / "dog" / "line.png")
    odd.save(root / "stray.png")
    return root


@pytest.mark.parametrize("in_memory_mb", [0, 100])
def test_every_file_that_cannot_be_used_is_named_with_its_reason(tmp_path: Path, in_memory_mb: int) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        splits = loaded(folder(messy(tmp_path), broken="skip", in_memory_mb=in_memory_mb))
    assert splits.classes == ("cat", "dog", "eel", "one")
    assert sum(map(len, (splits.train, splits.val, splits.test))) == 39
    left = {name: why.split(";")[0] for name, why in splits.left_out.items()}
    assert left.pop("dog/cut.jpg").startswith("image file is truncated")
    assert left.pop("dog/float.tif").startswith("its pixels are floating-point numbers")
    assert left == {
        "dog/text.png": "not an image Pillow can read",
        "dog/nothing.png": "not an image Pillow can read",
        "dog/lost.png": "a link to nothing",
        "dog/notes.txt": "no image, by its name",
        "dog/line.png": "it has 4000x8 pixels: more than 64 times as long as wide",
        "stray.png": "in no class folder",
    }
    told = " | ".join(str(one.message) for one in said)
    assert "class folders without images are left out: " in told
    assert "skipped 5 broken images" in told
    assert "1 a link to nothing: dog/lost.png; 1 in no class folder: stray.png" in told
    assert "never tested, as they have too few images: one" in told


def test_an_accent_may_be_a_sign_of_its_own(tmp_path: Path) -> None:
    fill(tmp_path / "train", classes={"caf\u00e9": (9, 9, 9), "tea": (99, 9, 9)})
    fill(tmp_path / "test", classes={"cafe\u0301": (9, 9, 9), "tea": (99, 9, 9)})
    splits = loaded(folder(tmp_path))
    assert splits.classes == ("caf\u00e9", "tea")
    assert torch.bincount(splits.test.labels).tolist() == [10, 10]


def test_names_that_are_no_utf_8_are_written_out_and_refused_for_classes(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "cat" / os.fsdecode(b"caf\xe9.png")).write_bytes(b"none")
    with pytest.warns(UserWarning, match=r"not an image Pillow can read: cat/caf\\xe9\.png"):
        splits = loaded(folder(tmp_path, broken="skip"))
    assert r"cat/caf\xe9.png,not an image" in table(splits.left_out)
    (tmp_path / "cat").rename(tmp_path / os.fsdecode(b"caf\xe9"))
    with pytest.raises(DataError, match=r"the class folder caf\\xe9 has a name that is no UTF-8; rename it"):
        loaded(folder(tmp_path))
