"""`seeded`: the same draws from the same seed, and nothing left behind."""

import torch

from tombola.models.seeded import seeded


def _drawn(seed: int) -> list[float]:
    with seeded(seed):
        values: list[float] = torch.rand(3).tolist()
    return values


def test_a_seed_decides_what_is_drawn() -> None:
    assert _drawn(1) == _drawn(1) != _drawn(2)


def test_the_global_generator_is_where_it_was_even_after_an_error() -> None:
    before = torch.get_rng_state()
    try:
        with seeded(5):
            torch.rand(3)
            raise KeyError
    except KeyError:
        pass
    assert torch.equal(torch.get_rng_state(), before)
