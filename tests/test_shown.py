"""What a network is shown: names, shapes, made-up samples."""

import json

import numpy as np
import pytest

from tombola.shown import Arrays, ShownImages, ShownTexts, from_plain, plain

TEXTS = ShownTexts(7, words=11, pad=3, beside=("attention_mask", "token_type_ids"), most=9)


def drawn(shown: ShownImages | ShownTexts, batch: int = 5) -> Arrays:
    """Samples, the same every time."""
    return shown.drawn(batch, np.random.default_rng(0))


def test_images_lie_in_0_to_1() -> None:
    shown = ShownImages((3, 4, 6))
    found = drawn(shown)
    assert tuple(found) == shown.names == ("images",)
    assert found["images"].shape == (5, 3, 4, 6)
    assert found["images"].dtype == np.float32
    assert 0 <= found["images"].min() < 0.1 < 0.9 < found["images"].max() <= 1


def test_texts_end_somewhere_and_are_filled_up_with_the_pad() -> None:
    found = drawn(TEXTS, batch=50)
    assert tuple(found) == TEXTS.names == ("input_ids", "attention_mask", "token_type_ids")
    ids, mask, pairs = found.values()
    assert {array.dtype for array in found.values()} == {np.dtype(np.int64)}
    assert {array.shape for array in found.values()} == {(50, 7)}
    lengths = mask.sum(1)
    assert lengths[0] == 7
    assert {1, 7} <= {*lengths.tolist()}
    assert (np.diff(mask, axis=1) <= 0).all(), "a text is one piece"
    assert (ids[mask == 0] == 3).all()
    assert {*ids[mask == 1].tolist()} == {*range(11)} - {3}
    assert (pairs <= mask).all()
    assert 0 < pairs.sum() < mask.sum()


def test_a_net_that_takes_no_mask_gets_whole_texts() -> None:
    found = drawn(ShownTexts(4, words=9, pad=8, beside=()), batch=30)
    assert tuple(found) == ("input_ids",)
    assert 0 < (found["input_ids"] == 8).mean() < 0.5


@pytest.mark.parametrize(("asked", "found"), [(3, 3), (9, 9), (512, 9)])
def test_another_length_stays_below_what_goes(asked: int, found: int) -> None:
    assert TEXTS.at(asked).length == found
    assert TEXTS.at(asked).words == TEXTS.words


def test_many_of_them_in_words() -> None:
    assert [shown.counted(n) for shown in (ShownImages((3, 8, 8)), TEXTS.at(1)) for n in (1, 2)] == [
        "1 image of 3x8x8",
        "2 images of 3x8x8",
        "1 text of 1 token",
        "2 texts of 1 token",
    ]


@pytest.mark.parametrize("shown", [ShownImages((3, 4, 6)), TEXTS, ShownTexts(4, words=9)])
def test_it_goes_through_json(shown: ShownImages | ShownTexts) -> None:
    assert from_plain(json.loads(json.dumps(plain(shown)))) == shown
