"""Mask codes: every array comes back, near its bound; nothing else is a code."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tombola.errors import TicketError
from tombola.masks.bits import unpacked
from tombola.tickets.coding import PRECISION, decode, encode, frequencies, most_bytes
from tombola.tickets.summary import entropy_bytes


@given(size=st.integers(0, 3000), density=st.floats(0, 1), seed=st.integers(0, 2**32 - 1), ordered=st.booleans())
@example(size=1, density=1.0, seed=0, ordered=True)
@example(size=0, density=0.0, seed=0, ordered=False)
def test_every_array_comes_back_within_the_declared_size(size: int, density: float, seed: int, ordered: bool) -> None:
    bits = np.random.default_rng(seed).random(size) < density
    bits = np.sort(bits) if ordered else bits
    code, kept = encode(bits), int(bits.sum())
    np.testing.assert_array_equal(unpacked(decode(code, kept, size), 0, size), bits)
    assert len(code) <= most_bytes(kept, size)
    assert code or kept in (0, size)


@given(st.integers(2, 10**9), st.data())
def test_frequencies_fill_the_range_and_leave_no_byte_out(total: int, data: st.DataObject) -> None:
    found = frequencies(data.draw(st.integers(1, total - 1)), total)
    assert sum(found) == 2**PRECISION
    assert min(found) >= 1


@pytest.mark.parametrize("density", [0.5, 0.1, 0.01, 1e-3, 1e-4, 0.999])
def test_large_masks_cost_their_entropy(density: float) -> None:
    bits = np.random.default_rng(0).random(2_000_000) < density
    bound = entropy_bytes(int(bits.sum()), bits.size)
    assert bound - 8 <= len(encode(bits)) <= 1.003 * bound + 8


@pytest.mark.slow
def test_a_resnet18_at_ninety_percent_costs_what_it_must() -> None:
    total, kept = 11_166_912, 1_116_691
    bits = np.zeros(total, bool)
    bits[np.random.default_rng(0).permutation(total)[:kept]] = True
    code = encode(bits)
    assert len(code) <= 1.0001 * entropy_bytes(kept, total)
    assert np.array_equal(unpacked(decode(code, kept, total), 0, total), bits)


@given(st.binary(max_size=64), st.integers(1, 200), st.integers(1, 200))
def test_any_bytes_decode_to_the_declared_count_or_not_at_all(code: bytes, kept: int, pruned: int) -> None:
    try:
        bits = unpacked(decode(code, kept, kept + pruned), 0, kept + pruned)
    except TicketError:
        return
    assert (bits.sum(), bits.size) == (kept, kept + pruned)


@pytest.mark.parametrize("change", [b"", b"\0\0\0\0", b"\1\0\0\0", b"\1"])
def test_a_cut_or_longer_code_is_refused(change: bytes) -> None:
    bits = np.random.default_rng(1).random(400) < 0.3
    code, kept = encode(bits), int(bits.sum())
    wrong = code + change if change else code[:-4]
    with pytest.raises(TicketError):
        decode(wrong, kept, 400)
