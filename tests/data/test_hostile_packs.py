"""Packs that were hangs, gigabytes or tracebacks: one clear error each, at once."""

import io
import resource
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tombola.data import _npz
from tombola.data._base import Dataset
from tombola.data._decode import decode, find_broken
from tombola.data._pictures import BROKEN, MOST_OBLONG
from tombola.data.pack import Pack
from tombola.errors import DataError

Array = np.ndarray[Any, Any]


def picture(wide: int, tall: int, mode: str = "RGB") -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (wide, tall)).save(stream, "PNG")
    return stream.getvalue()


def encoded(*files: bytes, **more: object) -> dict[str, object]:
    """The arrays of a pack of files, two classes in turn."""
    return {
        "data": np.frombuffer(b"".join(files), np.uint8),
        "offsets": np.cumsum([0, *map(len, files)]),
        "labels": np.arange(len(files)) % 2,
        **more,
    }


def plain(count: int = 20, **more: object) -> dict[str, object]:
    return {"x": np.zeros((count, 8, 8), np.uint8), "y": np.arange(count) % 2, **more}


def sheet(**more: object) -> dict[str, object]:
    data = np.frombuffer(picture(8, 80), np.uint8)
    labels = np.arange(10) % 2
    arrays = {"sheets": data, "sheet_offsets": np.array([0, len(data)]), "tile": np.array([8, 8]), "labels": labels}
    return {**arrays, **more}


def load(folder: Path, arrays: dict[str, object], **options: object) -> Any:
    np.savez(folder / "x.npz", **arrays)  # type: ignore[arg-type]  # arrays by name
    found = Dataset.parse({"name": f"pack:{folder / 'x.npz'}", **options})
    assert isinstance(found, Pack)
    return found.load()


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        (plain(y=np.array([0, 1 << 40] * 10)), f"a label of {1 << 40}, and no classes"),
        (plain(y=np.array([0, (1 << 64) - 1] * 10, np.uint64)), "no classes"),
        (plain(y=np.array([0, 2] * 10)), "classes without an image to train on: 1;"),
        (plain(classes=np.array(["a", "b", "c", "d"])), "classes without an image to train on: c, d;"),
        (plain(classes=np.array(["a", "a"])), "the class 'a' is named twice"),
        (plain(classes=np.array([0.5, np.nan])), "expected a list of"),
        (plain(classes=np.array("ab")), "expected a list of"),
        (plain(classes=np.array([["a", "b"]])), "expected a list of"),
        (plain(x=np.zeros((20, 0, 0), np.uint8)), "images of 0x0 pixels"),
        (plain(x=np.zeros((20, 1, 60_000), np.uint8)), "more than 64 times as long as wide"),
        (sheet(tile=np.array([8])), "tile is [8]"),
        (sheet(tile=np.array(8)), "tile is 8"),
        (sheet(tile=np.array([[8, 8]])), "tile is [[8, 8]]"),
        (sheet(tile=np.array([8.0, np.nan])), "tile is [8.0, nan]"),
        (sheet(tile=np.array([0, 8])), "tile is [0, 8]"),
        (sheet(tile=np.array([-8, -8])), "tile is [-8, -8]"),
        (sheet(tile=np.array([8, 1 << 40])), "tile is"),
        (sheet(tile=np.array([4, 16])), "no column of tiles"),
        (sheet(tile=np.array([7, 8])), "no column of tiles"),
        (sheet(tile=np.array(["8", "8"])), "tile is"),
        (encoded(picture(1, 60_000), picture(8, 8)), "more than 64 times as long as wide"),
        (encoded(picture(9000, 9000, "1"), picture(8, 8)), "more than 64,000,000"),
        (encoded(b"no image", picture(8, 8), names=np.array(["n0"])[:0]), "the first is number 0"),
        (encoded(b"no image", picture(8, 8), names=np.array("n0")), "the first is number 0"),
        (encoded(picture(8, 8), picture(8, 8), data=np.array(0, np.uint8)), "offsets that do not rise"),
        (encoded(picture(8, 8), offsets=np.array([5, 3], np.uint64)), "offsets that do not rise"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_each_is_one_clear_error(tmp_path: Path, arrays: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=r"^pack: ") as caught:
        load(tmp_path, arrays, size=8)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_without_a_size_a_bomb_is_told_as_well(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="pixels"):
        load(tmp_path, encoded(picture(20_000, 20_000, "1")))


def test_names_of_bytes_and_numbers_are_names(tmp_path: Path) -> None:
    assert load(tmp_path, plain(classes=np.array([b"cat", b"dog"]))).classes == ("cat", "dog")
    assert load(tmp_path, plain(classes=np.array([7, 9]))).classes == ("7", "9")


def test_a_class_with_one_image_is_never_tested_and_that_is_said(tmp_path: Path) -> None:
    labels = np.array([0, 1] * 10 + [2])
    with pytest.warns(UserWarning, match=r"classes that are never tested.*: rare;"):
        splits = load(tmp_path, plain(21, y=labels, classes=np.array(["a", "b", "rare"])))
    assert 2 in splits.train.labels
    assert 2 not in splits.test.labels


def test_a_line_of_pixels_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "line.png").write_bytes(picture(1, 60_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BROKEN, match="crop it"):
        decode(tmp_path / "line.png", 224)
    assert "crop it" in find_broken([tmp_path / "line.png"], 1)[0]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes; it took 3.7 GB


def test_long_pictures_within_the_bound_are_cropped_as_ever() -> None:
    assert decode(picture(MOST_OBLONG * 4, 4), 8).shape == (3, 8, 8)


def test_what_does_not_fit_into_half_of_the_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_npz, "memory", lambda: 10_000_000)
    assert len(load(tmp_path, plain(), size=8).classes) == 2
    with pytest.raises(DataError, match=r"20 images of 1024x1024 pixels take 0\.1 GB"):
        load(tmp_path, plain(), size=1024)
    with pytest.raises(DataError, match=r"20 images of 1024x1024 pixels take 0\.1 GB"):
        load(tmp_path, encoded(*[picture(8, 8)] * 20), size=1024)
    with pytest.raises(DataError, match="its arrays take"):
        load(tmp_path, plain(more=np.zeros(6_000_000, np.uint8)))


def test_a_header_that_claims_more_than_there_is_costs_nothing(tmp_path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (1 << 45,)})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as file:
        file.writestr("x.npy", head.getvalue() + b"few")
    found = Dataset.parse(f"pack:{tmp_path / 'x.npz'}")
    assert isinstance(found, Pack)
    with pytest.raises(DataError, match="cannot be read"):
        found.load()


ARRAYS = st.sampled_from(
    [
        np.array([np.nan, 1.0]), np.array([1 << 40]), np.array([-1, 0]), np.array(3), np.zeros((0,)), np.array(["a"]),
        np.array([b"x"]), np.zeros((3, 3), np.uint8), np.zeros((2, 4, 4), np.uint8), np.array([True, False]),
        np.array([1 + 2j]), np.array([0, 1 << 62]), np.zeros(9, np.uint8), np.array(["2001-01-01"], "M8[D]"),
    ]
)  # fmt: skip
NAMES = ["x", "y", "data", "offsets", "labels", "classes", "sheets", "sheet_offsets", "tile", "names", "pixels_sha256"]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["encoded", "plain", "sheet"]),
    st.dictionaries(st.sampled_from(NAMES), ARRAYS, min_size=1, max_size=3),
    st.sampled_from([None, 8]),
)
def test_any_arrays_are_a_set_or_one_of_our_errors(
    tmp_path: Path, kind: str, other: dict[str, Array], size: int | None
) -> None:
    whole = {"encoded": encoded(*[picture(8, 8)] * 20), "plain": plain(), "sheet": sheet()}[kind]
    with suppress(DataError):
        splits = load(tmp_path, {**whole, **other}, size=size)
        assert len(splits.train) > 0
