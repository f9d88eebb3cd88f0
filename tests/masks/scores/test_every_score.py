"""What scores of one batch keep to, beside the contract suite's checks of every score."""

import torch
from tests.masks.scores.nets import probe, smooth, weights

from tombola.masks.scores._base import Score


def test_one_batch_of_all_images_is_the_same_for_every_seed() -> None:
    model = smooth()
    first, other = (Score.parse("snip").scores(weights(model), probe(model, seed)) for seed in (0, 1))
    for tensor in first:
        torch.testing.assert_close(first[tensor], other[tensor])
