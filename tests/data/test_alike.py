"""Near-duplicates: what a photograph's copies have in common, and splits that keep them together."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance
from tests.data.test_folder import fill, folder, loaded
from tests.predicting.finished import picture

from tombola.data._alike import dhash, firsts, groups_of, looked_at, thumbnails, together
from tombola.data._base import held_out


def encoded(image: Image.Image, form: str = "PNG", **options: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def scene(number: int) -> Image.Image:
    """Soft blobs, as a photograph has them."""
    coarse = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
    return Image.fromarray(coarse).resize((160, 120), Image.Resampling.BICUBIC)


def copies(image: Image.Image) -> list[bytes]:
    """As photographs are copied: saved again, smaller, brighter, with less contrast."""
    return [
        encoded(image),
        encoded(image, "JPEG", quality=40),
        encoded(image.resize((100, 75))),
        encoded(ImageEnhance.Brightness(image).enhance(0.9)),
    ]


def test_copies_are_one_group_and_others_are_none() -> None:
    sources = [copy for number in range(12) for copy in copies(scene(number))]
    groups = groups_of(*looked_at(sources, 1)[:2])
    assert groups.tolist() == [4 * number for number in range(12) for _ in range(4)]


def test_pictures_without_contrast_are_alike_where_they_are_equal() -> None:
    flat = [encoded(Image.new("RGB", (30, 20), (90, 90, blue))) for blue in (10, 11, 10)]
    assert groups_of(*looked_at(flat, 1)[:2]).tolist() == [0, 1, 0]


def test_what_cannot_be_read_is_told() -> None:
    cells, exact, broken = looked_at([encoded(scene(0)), b"none"], 1)
    assert (len(cells), len(exact), list(broken)) == (2, 2, [1])


@given(st.integers(0, 2**32 - 1), st.floats(0.3, 1.0), st.integers(0, 60))
@settings(max_examples=20, deadline=None)
def test_the_hash_is_of_gradients_alone(seed: int, contrast: float, brighter: int) -> None:
    cells = np.random.default_rng(seed).permutation(72).reshape(1, 8, 9)
    assert dhash(cells) == dhash((1000 * contrast * cells).astype(np.int64) + brighter)
    assert dhash(255 - cells) == ~dhash(cells), "no two cells are equal here"
    assert int(dhash(cells)[0]) == sum(
        int(cells[0, row, column] < cells[0, row, column + 1]) << (63 - 8 * row - column)
        for row in range(8)
        for column in range(8)
    )


def test_thumbnails_are_means_of_gray() -> None:
    pixels = torch.zeros(1, 3, 72, 72, dtype=torch.uint8)
    pixels[:, 1, 9:18, 8:16] = 100
    cells = thumbnails(pixels)[0]
    assert cells[1, 1] == 59
    assert cells.sum() == 59


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=40), st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_groups_are_never_on_two_sides_and_singles_are_drawn_as_ever(pairs: list[tuple[int, int]], seed: int) -> None:
    labels = torch.tensor([label for label, _ in pairs])
    first: dict[int, int] = {}
    groups = torch.tensor([first.setdefault(group, place) for place, (_, group) in enumerate(pairs)])
    kept, out = together(labels, groups, 0.3, seed)
    assert sorted([*kept.tolist(), *out.tolist()]) == list(range(len(labels)))
    assert not set(groups[kept].tolist()) & set(groups[out].tolist())
    assert len(out) <= sum(round(0.3 * int((labels[groups] == label).sum())) for label in range(3))
    alone = together(labels, torch.arange(len(labels)), 0.3, seed)
    assert all(torch.equal(*both) for both in zip(alone, held_out(labels, 3, 0.3, seed), strict=True))
    again = firsts(groups[kept].tolist())
    assert all(again[place] <= place for place in range(len(kept)))


def test_a_folder_keeps_copies_on_one_side_and_counts_them(tmp_path: Path) -> None:
    fill(tmp_path)
    plain = loaded(folder(tmp_path))
    assert torch.equal(
        loaded(folder(tmp_path, alike="together")).test.pixels_at(torch.arange(6)),
        plain.test.pixels_at(torch.arange(6)),
    ), "nothing is alike: the same split"
    for name in ("cat", "dog"):
        for number in range(5):
            for place, copy in enumerate(copies(scene(number + 10 * (name == "dog")))[:2]):
                (tmp_path / name / f"s{number}{place}.png").write_bytes(copy)
    (tmp_path / "eel" / "cat.png").write_bytes(copies(scene(0))[0])
    with pytest.warns(UserWarning, match=r"21 images look alike in 10 groups, 1 of them across classes \(cat/s00"):
        splits = loaded(folder(tmp_path, alike="together"))
    sides = [
        {part.title_of(index)[:-5] for index in range(len(part))} for part in (splits.train, splits.val, splits.test)
    ]
    scenes = [{name for name in side if "/s" in name} for side in sides]
    assert sum(map(len, scenes)) == 10, "each is on one side"


def test_a_training_image_like_a_tested_one_is_left_out(tmp_path: Path) -> None:
    fill(tmp_path / "train")
    fill(tmp_path / "test", classes={"cat": (1, 99, 9), "dog": (1, 2, 3), "eel": (9, 2, 3)})
    picture(3).save(tmp_path / "train/cat/a.png")
    picture(3).save(tmp_path / "test/cat/b.png")
    with pytest.warns(UserWarning, match="1 looks like test/cat/b.png of another split: train/cat/a.png"):
        splits = loaded(folder(tmp_path, alike="together"))
    assert splits.left_out == {"train/cat/a.png": "looks like test/cat/b.png of another split"}
    assert (len(splits.train) + len(splits.val), len(splits.test)) == (30, 31)
