"""The bytes of net.dat: tables at whole lines behind a head that names them."""

import numpy as np

from tombola.native.data import HEAD, Data


def test_tables_begin_at_whole_lines_and_equal_ones_are_kept_once() -> None:
    data = Data()
    offsets = [data.add(np.arange(n, dtype=np.float32)) for n in (3, 17, 3)]
    assert offsets == [64, 128, 64]
    assert data.size == 256 == len(data.file())
    assert np.frombuffer(data.file(), np.float32, 17, 128).tolist() == list(range(17))


def test_the_head_says_what_it_is_and_follows_the_tables() -> None:
    one, other = Data(), Data()
    one.add(np.array([1.0], np.float32))
    other.add(np.array([2.0], np.float32))
    assert one.file()[:16] == b"TOMBOLA\0" + bytes([1, 0, 0, 0]) + bytes(4)
    assert one.file()[16:32] == one.digest() != other.digest()
    assert one.file()[32:HEAD] == bytes(32)


def test_numbers_lie_with_their_little_end_first() -> None:
    data = Data()
    at = data.add(np.array([258], ">u2"))
    assert data.file()[at : at + 2] == bytes([2, 1])
