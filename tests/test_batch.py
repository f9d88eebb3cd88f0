"""A batch: cut, sent, changed and turned to floats as a whole; images that are not bytes are refused."""

import pytest
import torch

from tombola.batch import Batch, blank
from tombola.errors import DataError


def words() -> Batch:
    ids = torch.arange(12).view(4, 3)
    return Batch(ids, torch.arange(4), {"attention_mask": (ids % 2)})


def test_a_part_is_cut_of_everything() -> None:
    for which in (slice(1, 3), torch.tensor([1, 2]), torch.tensor([False, True, True, False])):
        part = words().part(which)
        assert len(part) == 2
        assert part.targets.tolist() == [1, 2]
        assert torch.equal(part.more["attention_mask"], part.x % 2)


def test_bytes_become_fractions_and_words_stay_whole_numbers() -> None:
    shown = Batch(torch.full((2, 3, 4, 4), 51, dtype=torch.uint8), torch.arange(2)).to_float()
    assert shown.x.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(shown.x, torch.tensor(0.2))
    same = words().to_float()
    assert same.x.dtype == torch.int64
    assert torch.equal(same.x, words().x)
    with pytest.raises(DataError, match="images are uint8"):
        Batch(torch.rand(2, 3, 4, 4), torch.arange(2)).to_float()


def test_replacing_leaves_the_rest_and_the_given_batch_alone() -> None:
    batch = words()
    other = batch.replace(targets=torch.zeros(4))
    assert other.x is batch.x
    assert other.more is batch.more
    assert batch.targets.tolist() == [0, 1, 2, 3]
    assert batch.replace(more={}).more == {}


def test_to_is_free_where_it_is_already() -> None:
    batch = words()
    assert batch.to("cpu").x is batch.x


def test_a_blank_is_one_image_of_zeros() -> None:
    assert (blank(5).x.shape, len(blank(5)), int(blank(5, 1).x.count_nonzero())) == ((1, 3, 5, 5), 1, 0)
