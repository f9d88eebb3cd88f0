"""Glyphs: the same bytes every time, letters of every class, prefixes kept, readable and varied."""

import pytest
import torch

from tombola.data._base import InMemory
from tombola.data.glyphs import FONTS, LETTERS, Glyphs, master_glyphs
from tombola.errors import OptionError, RequestError
from tombola.spec import build


def pixels(images: object) -> torch.Tensor:
    assert isinstance(images, InMemory)
    return images.pixels


SMALL = Glyphs(num_train=600, num_val=50, num_test=60)


def test_shapes_types_and_classes() -> None:
    splits = SMALL.load()
    assert pixels(splits.train).shape == (600, 3, 16, 16)
    assert pixels(splits.train).dtype == torch.uint8
    assert (len(splits.val), len(splits.test)) == (50, 60)
    assert splits.classes == tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert set(splits.train.labels.tolist()) == set(range(26))


def test_the_same_bytes_every_time_whatever_ran_before() -> None:
    first = SMALL.load()
    torch.manual_seed(99)
    torch.rand(10)
    again = SMALL.load()
    assert torch.equal(pixels(first.train), pixels(again.train))
    assert torch.equal(first.test.labels, again.test.labels)


def test_loading_leaves_the_global_generator_and_threads_alone() -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    SMALL.load()
    assert torch.get_num_threads() == threads
    assert torch.equal(before, torch.get_rng_state())


def test_more_images_begin_with_the_same_ones() -> None:
    more = SMALL.replace(num_train=1300).load()
    few = SMALL.load()
    assert torch.equal(pixels(more.train)[:600], pixels(few.train))
    assert torch.equal(pixels(more.test), pixels(few.test))


def test_splits_and_seeds_share_no_image() -> None:
    splits, other = SMALL.load(), SMALL.replace(seed=1).load()
    sets = [splits.train, splits.val, splits.test, other.train]
    rows = torch.cat([pixels(images).flatten(1) for images in sets])
    assert len(torch.unique(rows, dim=0)) == len(rows)


def test_letters_differ_from_each_other_in_every_font() -> None:
    masters = master_glyphs(LETTERS["upper"], 32)
    assert masters.shape == (len(FONTS), 26, 32, 32)
    assert float(masters.max()) == 1.0
    for font in masters.flatten(2):
        distance = torch.cdist(font, font) + 10 * torch.eye(26)
        assert float(distance.min()) > 1.0


def test_a_nearest_mean_tells_letters_apart_better_than_chance() -> None:
    """The pictures hold their letters: class means recognise others at eight times chance, brightness aside."""
    splits = Glyphs(num_train=2000, num_test=200, num_val=1).load()

    def shape(images: object) -> torch.Tensor:
        gray = pixels(images).float().mean(1).flatten(1)
        gray = gray - gray.mean(1, keepdim=True)
        gray = gray * gray.view(-1, 16, 16)[:, 5:11, 5:11].mean((1, 2))[:, None].sign()
        return torch.nn.functional.normalize(gray)

    train, test = shape(splits.train), shape(splits.test)
    means = torch.stack([train[splits.train.labels == label].mean(0) for label in range(26)])
    score = (torch.cdist(test, means).argmin(1) == splits.test.labels).float().mean()
    assert float(score) > 8 / 26


def test_images_vary_in_colour_and_brightness() -> None:
    means = pixels(SMALL.load().train).float().mean((2, 3))
    assert float(means.std()) > 30
    assert float((means.max(1).values - means.min(1).values).mean()) > 10


def test_clutter_changes_images_and_not_labels() -> None:
    plain, cluttered = SMALL.load(), SMALL.replace(clutter=1.0).load()
    assert torch.equal(plain.train.labels, cluttered.train.labels)
    assert not torch.equal(pixels(plain.train), pixels(cluttered.train))


@pytest.mark.parametrize(("letters", "count"), [("upper", 26), ("lower", 26), ("both", 52)])
def test_classes_by_letters(letters: str, count: int) -> None:
    spec = build(Glyphs, {"letters": letters, "size": 8, "num_train": 1000, "num_val": 1, "num_test": 1})
    splits = spec.load()
    assert len(splits.classes) == count
    assert int(splits.train.labels.max()) == count - 1


def test_bounds_are_reported() -> None:
    with pytest.raises(OptionError, match="2 problems"):
        build(Glyphs, {"size": 4, "noise": 2})
    with pytest.raises(RequestError, match="capitals"):
        Glyphs.parse({"name": "glyphs", "letters": "capitals"})
