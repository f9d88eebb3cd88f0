"""Small sets of noise in the layouts of one's own files: what `folder`, `pack` and others are tried with."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from tombola.data._npz import Array

_CLASSES, _EACH, _SIDE = ("cat", "dog"), 12, 16


def class_folders(folder: Path) -> Path:
    """A folder of PNGs, one inside it a class."""
    for label, name in enumerate(_CLASSES):
        (folder / "pictures" / name).mkdir(parents=True)
        for number, pixels in enumerate(_noise(label, _EACH, 3)):
            Image.fromarray(pixels).save(folder / "pictures" / name / f"{number}.png")
    return folder / "pictures"


def image_pack(folder: Path) -> Path:
    """A ``.npz`` of plain arrays."""
    count = len(_CLASSES) * _EACH
    arrays = {"x": _noise(0, count, 3), "y": np.arange(count) % len(_CLASSES), "classes": np.array(_CLASSES)}
    np.savez(folder / "pictures.npz", allow_pickle=False, **arrays)
    return folder / "pictures.npz"


def scene_packs(folder: Path) -> Path:
    """Two ``.npz`` of encoded images and masks: ``scenes_train``, ``scenes_test``."""
    for seed, split in enumerate(("train", "test")):
        data, offsets = _encoded(_noise(seed, _EACH, 3))
        masks, mask_offsets = _encoded(_noise(seed + 2, _EACH, 1)[..., 0] % len(_CLASSES))
        arrays = {"data": data, "offsets": offsets, "mask_data": masks, "mask_offsets": mask_offsets}
        np.savez(folder / f"scenes_{split}.npz", allow_pickle=False, classes=np.array(_CLASSES), **arrays)
    return folder / "scenes"


def box_packs(folder: Path) -> Path:
    """Two ``.npz`` of encoded images with a box each, but for the first: ``boxes_train``, ``boxes_test``."""
    for seed, split in enumerate(("train", "test")):
        data, offsets = _encoded(_noise(seed, _EACH, 3))
        boxes = np.array([[number % 8, 2, number % 8 + 6, 9] for number in range(_EACH - 1)], dtype=np.float32)
        arrays = {"data": data, "offsets": offsets, "boxes": boxes, "box_labels": np.arange(_EACH - 1) % len(_CLASSES)}
        ends = np.array([0, *range(_EACH)])
        np.savez(
            folder / f"boxes_{split}.npz", allow_pickle=False, classes=np.array(_CLASSES), box_offsets=ends, **arrays
        )
    return folder / "boxes"


def box_table(folder: Path) -> Path:
    """A folder of PNGs with a CSV of a box each, but for the first."""
    names = _pictures(folder / "boxed", seed=5)
    lines = ["file,left,top,right,bottom,class", f"{names[0]},,,,,"]
    lines += [
        f"{name},{number % 8},2,{number % 8 + 6},9,{_CLASSES[number % 2]}" for number, name in enumerate(names[1:])
    ]
    (folder / "boxed" / "boxes.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "boxed"


def voc_tree(folder: Path) -> Path:
    """A folder in VOC's layout, without lists of splits."""
    names = _pictures(folder / "voc" / "JPEGImages", seed=6)
    (folder / "voc" / "Annotations").mkdir()
    for number, name in enumerate(names):
        edges = zip(("xmin", "ymin", "xmax", "ymax"), (number % 8 + 1, 3, number % 8 + 6, 9), strict=True)
        box = "".join(f"<{edge}>{value}</{edge}>" for edge, value in edges)
        thing = f"<object><name>{_CLASSES[number % 2]}</name><bndbox>{box}</bndbox></object>"
        file = folder / "voc" / "Annotations" / f"{Path(name).stem}.xml"
        file.write_text(f"<annotation>{thing}</annotation>", encoding="utf-8")
    return folder / "voc"


def coco_tree(folder: Path) -> Path:
    """A folder in COCO's layout."""
    (folder / "coco" / "annotations").mkdir(parents=True)
    for seed, split in enumerate(("train2017", "val2017")):
        names = _pictures(folder / "coco" / split, seed=7 + seed)
        value = {
            "images": [{"id": number, "file_name": name} for number, name in enumerate(names)],
            "annotations": [
                {"image_id": number, "category_id": 1 + number % 2, "bbox": [number % 8, 2, 6, 7]}
                for number in range(len(names))
            ],
            "categories": [{"id": number + 1, "name": name} for number, name in enumerate(_CLASSES)],
        }
        file = folder / "coco" / "annotations" / f"instances_{split}.json"
        file.write_text(json.dumps(value), encoding="utf-8")
    return folder / "coco"


def _pictures(folder: Path, *, seed: int) -> list[str]:
    """The names of PNGs that it writes into a new folder."""
    folder.mkdir(parents=True)
    names = [f"{number}.png" for number in range(_EACH)]
    for name, pixels in zip(names, _noise(seed, _EACH, 3), strict=True):
        Image.fromarray(pixels).save(folder / name)
    return names


def _noise(seed: int, count: int, channels: int) -> Array:
    shape = (count, _SIDE, _SIDE, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def _encoded(images: Array) -> tuple[Array, Array]:
    """The PNGs end to end, and where each begins and the last one ends."""
    files = [_png(image) for image in images]
    return np.frombuffer(b"".join(files), dtype=np.uint8), np.cumsum([0, *map(len, files)])


def _png(image: Array) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()
