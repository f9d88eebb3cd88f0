"""Scenes: packs and VOC trees read as written, shapes generated, what is wrong with files said."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tombola.data._base import Dataset, Splits, of_images
from tombola.data._scenes import VOID, Scenes, hold_out_scenes, some_scenes
from tombola.data.shapes import CLASSES as SHAPES
from tombola.data.voc import CLASSES
from tombola.errors import DataError, RequestError


def png(array: Any, mode: str = "") -> bytes:
    stream = io.BytesIO()
    picture = Image.fromarray(array)
    if mode == "P":
        picture = picture.convert("L")
        picture.putpalette([value for index in range(256) for value in (index, 255 - index, 0)])
    picture.save(stream, "PNG")
    return stream.getvalue()


def scene(seed: int, height: int = 12, width: int = 16) -> tuple[Any, Any]:
    """An image, and a mask of classes 0 to 2 and the void, 3, in four quarters."""
    drawn = np.random.default_rng(seed)
    mask = np.kron(np.array([[0, 1], [2, 3]], np.uint8), np.ones((height // 2, width // 2), np.uint8))
    return drawn.integers(0, 256, (height, width, 3), dtype=np.uint8), mask


def packed(path: Path, count: int, **changes: Any) -> Path:
    scenes = [scene(seed) for seed in range(count)]
    arrays: dict[str, Any] = {"classes": np.array(["sky", "road", "car", "Unlabelled"])}
    for kind, files in (
        ("", [png(image) for image, _ in scenes]),
        ("mask_", [changes.get("mask", png(mask)) for _, mask in scenes]),
    ):
        arrays[f"{kind}data"] = np.frombuffer(b"".join(files), np.uint8)
        arrays[f"{kind}offsets"] = np.cumsum([0, *map(len, files)])
    arrays |= {name: value for name, value in changes.items() if name in arrays}
    np.savez(path, **{name: value for name, value in arrays.items() if name not in changes.get("without", ())})
    return path


def folder(tmp_path: Path, **changes: Any) -> Path:
    for split, count in (("train", 6), ("val", 2), ("test", 3)):
        packed(tmp_path / f"toy_{split}.npz", count, **changes)
    return tmp_path / "toy"


def load(path: Path, **options: Any) -> Splits:
    dataset = Dataset.parse({"name": f"scene_pack:{path}", **options})
    assert isinstance(dataset, Dataset)
    return of_images(dataset.load(), "a test")


def test_a_pack_is_read_as_it_is_and_its_last_class_is_void(tmp_path: Path) -> None:
    splits = load(folder(tmp_path))
    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [6, 2, 3]
    assert splits.classes == ("sky", "road", "car")
    image, mask = scene(4)
    assert torch.equal(splits.train.pixels_at(torch.tensor([4]))[0], torch.from_numpy(image).permute(2, 0, 1))
    assert torch.equal(splits.train.labels[4], torch.from_numpy(np.where(mask == 3, VOID, mask)))
    assert splits.train.labels.dtype == torch.uint8


def test_a_shape_resizes_images_and_masks_alike(tmp_path: Path) -> None:
    train = load(folder(tmp_path), height=24, width=24).train
    assert train.pixels_at(torch.arange(2)).shape == (2, 3, 24, 24)
    assert train.labels.shape == (6, 24, 24)
    quarters = train.labels[0].view(2, 12, 2, 12).permute(0, 2, 1, 3).flatten(2)
    assert quarters.amin(2).tolist() == quarters.amax(2).tolist() == [[0, 1], [2, VOID]]
    assert train.size == 24


def test_validation_comes_out_of_train_where_there_is_none(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (tmp_path / "toy_val.npz").unlink()
    splits = load(path, val_fraction=0.34)
    assert (len(splits.train), len(splits.val), len(splits.test)) == (4, 2, 3)


def test_a_copy_elsewhere_is_the_same_set_and_another_shape_another(tmp_path: Path) -> None:
    places = [tmp_path / "a", tmp_path / "b"]
    for place in places:
        place.mkdir()
        folder(place)
    one, two = (Dataset.parse(f"scene_pack:{place / 'toy'}") for place in places)
    assert one.digest() == two.digest()
    assert one.replace(height=8, width=8).digest() != two.digest()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"without": ("mask_data",)}, r"has no mask_data; expected .* is read by pack:PATH"),
        ({"mask": png(np.full((12, 16), 9, np.uint8))}, r"masks hold \[9\]; expected classes 0 to 2, or 255"),
        (
            {"mask": png(np.zeros((6, 16), np.uint8))},
            r"scene number \d: the image is \(12, 16\) and its mask \(6, 16\)",
        ),
        ({"mask": png(np.zeros((12, 16, 3), np.uint8))}, r"its mask is RGB; expected one number a pixel"),
        ({"mask": b"nothing at all"}, r"scene number \d: not an image Pillow can read"),
        ({"classes": np.array(["Unlabelled", "sky", "road", "car"])}, "'Unlabelled' is not the last"),
    ],
)
def test_a_pack_that_is_wrong_is_refused_by_what_is_wrong(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says):
        load(folder(tmp_path, **changes))


def test_files_that_are_none_or_not_enough_are_refused(tmp_path: Path) -> None:
    (tmp_path / "toy_train.npz").write_bytes(b"PK nonsense")
    (tmp_path / "toy_test.npz").write_bytes(b"PK nonsense")
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "toy")
    with pytest.raises(DataError, match=r"is one file; expected NAME_train"):
        load(packed(tmp_path / "alone.npz", 2))
    with pytest.raises(RequestError, match="height and width go together"):
        load(tmp_path / "toy", height=8)


def voc(root: Path, train: int = 10, val: int = 3) -> Path:
    """A tree as torchvision's VOC has it: palette masks, a rim of 255, images of several shapes."""
    base = root / "VOCdevkit" / "VOC2012"
    for name in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (base / name).mkdir(parents=True)
    for split, count in (("train", train), ("val", val)):
        names = [f"2007_{split}_{index}" for index in range(count)]
        (base / "ImageSets" / "Segmentation" / f"{split}.txt").write_text("\n".join(names))
        for index, name in enumerate(names):
            height, width = (20, 32) if index % 2 else (32, 24)
            mask = np.zeros((height, width), np.uint8)
            mask[4:-4, 4:-4] = 255
            mask[6:-6, 6:-6] = 15
            Image.new("RGB", (width, height), (index, 9, 9)).save(base / "JPEGImages" / f"{name}.jpg")
            (base / "SegmentationClass" / f"{name}.png").write_bytes(png(mask, "P"))
    return root


def test_voc_is_read_through_torchvision_with_its_palette_and_void(tmp_path: Path) -> None:
    splits = of_images(Dataset.parse({"name": f"voc:{voc(tmp_path)}", "size": 16}).load(), "a test")
    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [9, 1, 3]
    assert splits.classes == CLASSES
    assert len(CLASSES) == 21
    assert splits.train.pixels_at(torch.arange(9)).shape == (9, 3, 16, 16)
    assert set(torch.unique(splits.test.labels).tolist()) == {0, 15, VOID}
    assert CLASSES[15] == "person"


def test_a_missing_voc_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"voc: not found under .*put the extracted folder VOCdevkit.*download=true"):
        Dataset.parse(f"voc:{tmp_path}").load()


def test_a_voc_without_enough_images_for_validation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="validation split is empty"):
        Dataset.parse({"name": f"voc:{voc(tmp_path, train=2)}", "size": 16}).load()


def test_shapes_are_the_same_every_time_and_splits_differ() -> None:
    options = {"name": "shapes", "num_train": 40, "num_val": 10, "num_test": 10}
    one, two = (of_images(Dataset.parse(options).load(), "a test") for _ in range(2))
    assert torch.equal(one.train.labels, two.train.labels)
    assert torch.equal(one.train.pixels_at(torch.arange(40)), two.train.pixels_at(torch.arange(40)))
    assert not torch.equal(one.train.labels[:10], one.test.labels)
    found = torch.bincount(one.train.labels.flatten().long(), minlength=256)
    assert set(found.nonzero().flatten().tolist()) == {0, 1, 2, 3, VOID}
    assert 0.5 < found[0] / found.sum() < 0.95
    assert one.classes == SHAPES


def test_shapes_without_noise_have_one_colour_a_shape_inside_the_rim() -> None:
    from tombola.data.shapes import draw

    pixels, labels, _ = draw(20, 32, noise=0.0, hint=1.0, generator=torch.Generator().manual_seed(0))
    for kind in (1, 2, 3):
        inside = pixels.permute(0, 2, 3, 1)[labels == kind]
        assert len(torch.unique(inside, dim=0)) == 1


def test_splits_by_chance_lose_nothing_and_parts_are_nested() -> None:
    labels = torch.arange(20, dtype=torch.uint8).view(20, 1, 1)
    scenes = Scenes(torch.zeros(20, 3, 1, 1, dtype=torch.uint8), labels, ("a",))
    rest, out = hold_out_scenes(scenes, 0.3, seed=1)
    assert sorted([*rest.labels.flatten().tolist(), *out.labels.flatten().tolist()]) == list(range(20))
    assert len(out) == 6
    few, more = (set(some_scenes(scenes, part, 0).labels.flatten().tolist()) for part in (0.1, 0.5))
    assert few < more
    assert (len(few), len(more)) == (2, 10)
