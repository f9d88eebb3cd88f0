"""Memory: what lives at the same time lies apart, and nothing is larger than it must be where that is plain."""

from hypothesis import given
from hypothesis import strategies as st

from tombola.native.arena import ALIGNED, Life, aligned, arrange

LIVES = st.lists(st.builds(lambda n, a, b: Life(n, min(a, b), max(a, b)), st.integers(1, 99), *[st.integers(0, 9)] * 2))


@given(LIVES)
def test_what_meets_lies_apart_and_at_whole_lines(lives: list[Life]) -> None:
    offsets, total = arrange(lives)
    for life, offset in zip(lives, offsets, strict=True):
        assert offset % ALIGNED == 0
        assert offset + life.floats <= total
    for i, one in enumerate(lives):
        for j, other in enumerate(lives[:i]):
            if one.meets(other):
                assert offsets[i] >= offsets[j] + other.floats or offsets[j] >= offsets[i] + one.floats


def test_a_chain_takes_two_turns_at_the_same_memory() -> None:
    lives = [Life(100, step, step + 1) for step in range(8)]
    assert arrange(lives) == ((0, 112, 0, 112, 0, 112, 0, 112), 224)


def test_a_small_map_fits_into_the_gap_between_large_ones() -> None:
    lives = [Life(160, 0, 1), Life(160, 1, 2), Life(64, 2, 2)]
    offsets, total = arrange(lives)
    assert offsets == (0, 160, 0)
    assert total == 320


def test_nothing_takes_nothing_and_lengths_are_rounded_up() -> None:
    assert arrange([]) == ((), 0)
    assert [aligned(floats) for floats in (0, 1, 16, 17)] == [0, 16, 16, 32]
