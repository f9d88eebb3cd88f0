"""Packs: three formats, which file is which split, digests, and every way to be broken."""

import hashlib
import io
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tombola.data._base import Dataset, InMemory, Subset
from tombola.data._packs import read_pack, resized
from tombola.data.pack import Pack, pack_files
from tombola.errors import DataError

DATA = Path(os.environ.get("TOMBOLA_DATA", Path(__file__).parents[3] / "shared" / "data"))
Array = np.ndarray[Any, Any]


def rows(count: int = 30, side: int = 6, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def joined(files: list[bytes]) -> tuple[Array, Array]:
    return np.frombuffer(b"".join(files), np.uint8), np.cumsum([0, *map(len, files)])


def png(pixels: Array, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, lossless=True)
    return stream.getvalue()


def labels(count: int) -> dict[str, Array]:
    return {"labels": np.arange(count, dtype=np.uint8) % 3, "classes": np.array(["a", "b", "c"])}


def encoded(path: Path, x: Array, **more: Array) -> Path:
    data, offsets = joined([png(row) for row in x])
    np.savez(path, data=data, offsets=offsets, **{**labels(len(x)), **more})  # type: ignore[arg-type]  # arrays by name
    return path


def sheets(path: Path, x: Array, *, digest: str | None = None) -> Path:
    side = x.shape[1]
    data, offsets = joined([png(part.reshape(-1, side, 3), "WEBP") for part in np.split(x, [10, 20])])
    arrays = {"sheets": data, "sheet_offsets": offsets, "tile": np.array([side, side]), **labels(len(x))}
    arrays["pixels_sha256"] = np.array(digest or hashlib.sha256(x.tobytes()).hexdigest())
    np.savez(path, **arrays)  # type: ignore[arg-type]  # arrays by name
    return path


def pack(path: Path, **options: Any) -> Pack:
    parsed = Dataset.parse({"name": f"pack:{path}", **options})
    assert isinstance(parsed, Pack)
    return parsed


def read(path: Path, size: int | None = None) -> InMemory:
    return read_pack(path, size=size, verify=True)


@pytest.mark.parametrize("write", [encoded, sheets])
def test_both_encodings_give_the_very_pixels(tmp_path: Path, write: Any) -> None:
    images = read(write(tmp_path / "x.npz", rows()))
    assert np.array_equal(images.pixels.permute(0, 2, 3, 1).numpy(), rows())
    assert images.labels.tolist() == [number % 3 for number in range(30)]
    assert images.classes == ("a", "b", "c")


def test_plain_gray_arrays_become_rgb(tmp_path: Path) -> None:
    gray = rows()[..., 0]
    np.savez(tmp_path / "m.npz", x=gray, y=np.arange(30) % 10)
    images = read(tmp_path / "m.npz")
    assert images.classes == tuple("0123456789")
    assert all(np.array_equal(images.pixels[:, channel].numpy(), gray) for channel in range(3))


def test_a_gray_sets_digest_is_of_one_channel(tmp_path: Path) -> None:
    x = np.repeat(rows()[..., :1], 3, 3)
    path = sheets(tmp_path / "g.npz", x, digest=hashlib.sha256(x[..., 0].tobytes()).hexdigest())
    assert len(read(path)) == 30


def test_a_wrong_digest_is_refused_unless_told_not_to_look(tmp_path: Path) -> None:
    path = sheets(tmp_path / "x.npz", rows(), digest="0" * 64)
    with pytest.raises(DataError, match="digest"):
        pack(path).load()
    assert len(pack(path, verify=False).load().classes) == 3


@pytest.mark.parametrize("write", [encoded, sheets])
def test_size_resizes(tmp_path: Path, write: Any) -> None:
    assert read(write(tmp_path / "x.npz", rows()), 12).pixels.shape == (30, 3, 12, 12)


def test_resizing_keeps_the_centre_and_flat_colours() -> None:
    pixels = torch.zeros((2, 3, 8, 16), dtype=torch.uint8)
    pixels[..., 2:14] = 77
    assert resized(pixels, 4).unique().tolist() == [77]  # type: ignore[no-untyped-call]  # torch's own
    assert resized(pixels, 4).shape == (2, 3, 4, 4)


def test_images_that_are_no_squares_need_a_size(tmp_path: Path) -> None:
    path = encoded(tmp_path / "x.npz", rows()[:, :4])
    with pytest.raises(DataError, match="size=64"):
        read(path)
    assert read(path, 4).size == 4
    np.savez(tmp_path / "y.npz", x=rows()[:, :4], y=np.zeros(30, np.int64))
    with pytest.raises(DataError, match="6x4 pixels"):
        read(tmp_path / "y.npz")


def test_a_pack_alone_is_split_in_equal_shares(tmp_path: Path) -> None:
    splits = pack(sheets(tmp_path / "x.npz", rows())).load()
    assert [torch.bincount(part.labels).tolist() for part in (splits.train, splits.val, splits.test)] == [
        [7, 7, 7],
        [1, 1, 1],
        [2, 2, 2],
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["s_train20k", "s_test"], {"train": "s_train20k", "test": "s_test"}),
        (["s_train", "s_val"], {"train": "s_train", "test": "s_val"}),
        (["s_train", "s_val", "s_test_first10"], {"train": "s_train", "val": "s_val", "test": "s_test_first10"}),
        (["only64"], {"all": "only64"}),
        (["s_test"], {"all": "s_test"}),
        (["a_trainer_train", "a_trainer_test"], {"train": "a_trainer_train", "test": "a_trainer_test"}),
    ],
)
def test_which_file_is_which_split(tmp_path: Path, names: list[str], expected: dict[str, str]) -> None:
    for name in names:
        (tmp_path / f"{name}.npz").touch()
    assert {split: file.stem for split, file in pack_files(tmp_path).items()} == expected


def test_two_sets_in_a_folder_are_told_apart_by_prefix(tmp_path: Path) -> None:
    for name in ("c10_train", "c10_test", "c100_train", "c100_test"):
        (tmp_path / f"{name}.npz").touch()
    assert [file.stem for file in pack_files(tmp_path / "c10").values()] == ["c10_test", "c10_train"]
    with pytest.raises(DataError, match=r"which one.*pack:.*/c10"):
        pack_files(tmp_path)
    with pytest.raises(DataError, match=r"expected one \.npz.*found c100_test\.npz"):
        pack_files(tmp_path / "c1")


def test_validation_comes_out_of_train_and_test_is_untouched(tmp_path: Path) -> None:
    sheets(tmp_path / "s_train.npz", rows())
    encoded(tmp_path / "s_test.npz", rows(12, seed=1))
    splits = pack(tmp_path).load()
    assert (len(splits.train), len(splits.val), len(splits.test)) == (27, 3, 12)
    assert np.array_equal(splits.test.pixels_at(torch.arange(12)).permute(0, 2, 3, 1).numpy(), rows(12, seed=1))
    few = pack(tmp_path, num_train=9).load()
    assert torch.bincount(few.train.labels).tolist() == [3, 3, 3]
    assert isinstance(few.val, Subset)
    assert isinstance(splits.val, Subset)
    assert torch.equal(few.val.indices, splits.val.indices)


def test_splits_with_different_classes_are_refused(tmp_path: Path) -> None:
    encoded(tmp_path / "s_train.npz", rows())
    encoded(tmp_path / "s_test.npz", rows(), classes=np.array(["a", "b", "x"]))
    with pytest.raises(DataError, match="different classes"):
        pack(tmp_path).load()


def test_identity_is_that_of_the_bytes(tmp_path: Path) -> None:
    sheets(tmp_path / "x.npz", rows())
    key = pack(tmp_path / "x.npz").digest()
    shutil.copy(tmp_path / "x.npz", tmp_path / "y.npz")
    assert pack(tmp_path / "y.npz", verify=False).digest() == key
    sheets(tmp_path / "x.npz", rows(seed=1))
    assert pack(tmp_path / "x.npz").digest() != key


def test_segmentation_sets_are_sent_to_their_task(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", data=np.zeros(3, np.uint8), mask_data=np.zeros(3, np.uint8))
    with pytest.raises(DataError, match="segmentation task"):
        read(tmp_path / "x.npz")


def test_a_broken_image_inside_is_named(tmp_path: Path) -> None:
    path = encoded(tmp_path / "x.npz", rows(), names=np.array([f"n{number}.png" for number in range(30)]))
    arrays = dict(np.load(path))
    arrays["data"] = arrays["data"].copy()
    start, stop = arrays["offsets"][4:6]
    arrays["data"][(start + stop) // 2 : stop] = 0
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=r"first is n4\.png"):
        read(path)


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.array([{"a": 1}], dtype=object), y=np.zeros(1, np.int64))
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "x.npz")
    (tmp_path / "y.npz").write_bytes(pickle.dumps({"x": 1}))
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "y.npz")


@pytest.mark.parametrize(
    "arrays",
    [
        {"a": np.zeros(3)},
        {"x": np.zeros((2, 4, 4), np.float32), "y": np.zeros(2, np.int64)},
        {"x": np.zeros((2, 4, 4), np.uint8), "y": np.zeros(3, np.int64)},
        {"x": np.zeros((2, 4, 4), np.uint8), "y": np.array([0, -1])},
        {"x": np.zeros((2, 4, 4), np.uint8), "y": np.array([0, 5]), "classes": np.array(["a"])},
        {"x": np.zeros((0, 4, 4), np.uint8), "y": np.zeros(0, np.int64)},
        {"data": np.zeros(9, np.uint8), "offsets": np.array([0, 99]), **labels(1)},
        {"data": np.zeros(9, np.uint8), "offsets": np.array([0, 9]), **labels(1)},
        {"sheets": np.zeros(9, np.uint8), "sheet_offsets": np.array([0, 9]), "tile": np.array([4, 4]), **labels(1)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict[str, Array]) -> None:
    np.savez(tmp_path / "x.npz", **arrays)  # type: ignore[arg-type]  # arrays by name
    with pytest.raises(DataError, match=r"^pack: "):
        read(tmp_path / "x.npz")


def test_every_truncation_of_the_file_is_one_error(tmp_path: Path) -> None:
    whole = sheets(tmp_path / "x.npz", rows()).read_bytes()
    for length in range(0, len(whole), 97):
        (tmp_path / "cut.npz").write_bytes(whole[:length])
        with pytest.raises(DataError):
            read(tmp_path / "cut.npz")


def test_a_lone_array_is_not_a_pack(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(DataError, match=r"not a \.npz"):
        read(tmp_path / "x.npy")


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no TOMBOLA_DATA")
@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("cifar10", (18_000, 2_000, 10_000, 10, 32)),
        ("cifar100/cifar100", (9_000, 1_000, 10_000, 100, 32)),
        ("fashion_mnist", (13_500, 1_500, 10_000, 10, 28)),
        ("mnist", (720, 81, 199, 10, 28)),
        ("imagenette", (630, 70, 400, 10, 224)),
        ("dtd10/dtd10_112.npz", (860, 100, 240, 10, 112)),
        ("caltech101", (1_818, 202, 1_010, 101, 96)),
    ],
)
def test_real_packs(path: str, counts: tuple[int, ...]) -> None:
    """Their digests are checked while loading."""
    splits = pack(DATA / path).load()
    assert (len(splits.train), len(splits.val), len(splits.test), len(splits.classes), splits.train.size) == counts
    assert sorted(set(splits.test.labels.tolist())) == list(range(counts[3]))


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no TOMBOLA_DATA")
def test_cifar10_has_the_published_mean_and_the_stated_digest() -> None:
    path = DATA / "cifar10" / "cifar10_test.npz"
    images = read(path)
    stated = str(np.load(path)["pixels_sha256"])
    assert hashlib.sha256(images.pixels.permute(0, 2, 3, 1).contiguous().numpy().tobytes()).hexdigest() == stated
    means = (images.pixels.float().mean((0, 2, 3)) / 255).tolist()
    assert means == pytest.approx([0.4914, 0.4822, 0.4465], abs=0.004)


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no TOMBOLA_DATA")
def test_camvid_is_sent_to_segmentation() -> None:
    with pytest.raises(DataError, match="segmentation task"):
        pack(DATA / "camvid").load()
