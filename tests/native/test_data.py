"""The bytes of net.dat: tables at whole lines behind a head, and the sum of it all."""

import numpy as np
import pytest

import tombola.native.data as data_module
from tombola.native.data import HEAD, Data, sum_of


def test_tables_begin_at_whole_lines_and_equal_ones_are_kept_once() -> None:
    data = Data()
    offsets = [data.add(np.arange(n, dtype=np.float32)) for n in (3, 17, 3)]
    assert offsets == [64, 128, 64]
    assert data.size == 256 == len(data.file())
    assert np.frombuffer(data.file(), np.float32, 17, 128).tolist() == list(range(17))


def test_the_head_says_what_it_is() -> None:
    data = Data()
    data.add(np.array([1.0], np.float32))
    assert data.file()[:HEAD] == b"TOMBOLA\0" + bytes([1, 0, 0, 0]) + bytes(52)


def test_the_sum_is_of_the_bytes_and_of_their_places() -> None:
    words = np.random.default_rng(0).integers(0, 2**63, 64, np.uint64)
    found = {sum_of(words.tobytes())}
    for word in range(64):
        for bit in (0, 31, 32, 63):
            other = words.copy()
            other[word] ^= np.uint64(1 << bit)
            found.add(sum_of(other.tobytes()))
    assert len(found) == 1 + 64 * 4
    assert sum_of(np.roll(words, 1).tobytes()) not in found
    assert sum_of(bytes(64)) != sum_of(bytes(128)) != 0


def test_the_sum_of_many_words_is_that_of_its_parts_together(monkeypatch: pytest.MonkeyPatch) -> None:
    words = np.random.default_rng(0).integers(0, 2**63, 64, np.uint64).tobytes()
    whole = sum_of(words)
    monkeypatch.setattr(data_module, "_PART", 7)
    assert sum_of(words) == whole


def test_numbers_lie_with_their_little_end_first() -> None:
    data = Data()
    at = data.add(np.array([258], ">u2"))
    assert data.file()[at : at + 2] == bytes([2, 1])
