"""What a net may take at most: read, compared, and refused with what to write where nobody keeps to it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tombola.errors import RequestError
from tombola.race.finish import Timed
from tombola.race.limits import NONE, Limits


@pytest.mark.parametrize(
    ("latency", "size", "found"),
    [
        ("2ms", None, Limits(2.0)),
        (" 500 us ", None, Limits(0.5)),
        ("1.5s", "4MB", Limits(1500.0, 4_000_000)),
        (None, "500kB", Limits(None, 500_000)),
        (None, "1234", Limits(None, 1234)),
    ],
)
def test_amounts_are_read_as_people_write_them(latency: str | None, size: str | None, found: Limits) -> None:
    assert Limits.of(latency, size) == found


@pytest.mark.parametrize(
    ("latency", "size"), [("2", None), ("fast", None), ("0ms", None), (None, "4 lines"), (None, "0")]
)
def test_other_words_are_refused_with_an_example(latency: str | None, size: str | None) -> None:
    with pytest.raises(RequestError, match=r"is no amount above 0; write it as in --(latency 2ms|bytes 4MB)"):
        Limits.of(latency, size)


@pytest.mark.parametrize("size", ["0.5", ".9 B", "0.0004kB"])
def test_less_than_a_byte_is_refused_and_units_are_named(size: str) -> None:
    with pytest.raises(RequestError, match=r"is less than one byte; write its unit too, as in --bytes 4MB or 500kB"):
        Limits.of(None, size)


@given(st.floats(1e-3, 1e7), st.floats(1.01, 1e3))
def test_what_a_refusal_says_to_write_is_read_and_allows_the_nearest(ms: float, times: float) -> None:
    with pytest.raises(RequestError) as told:
        Limits(ms / times).require({"net": [Timed("a", ms, 1)]})
    assert "e+" not in str(told.value)
    (written,) = re.findall(r"--latency (\S+),", str(told.value))
    assert ms <= (Limits.of(written).ms or 0) <= 1.12 * ms


def test_long_times_are_written_out() -> None:
    assert str(Limits(1_500_000.0)) == "1500000 ms"
    with pytest.raises(RequestError, match=r"run by a: 1500 ms, 1 bytes. Write --latency 1650ms, "):
        Limits(10.0).require({"net": [Timed("a", 1500.0, 1)]})
    with pytest.raises(RequestError, match=r"nearest is net, run by a: 1230 ms, 9 bytes. Write --latency 1360ms --by"):
        Limits(1000.0, 8).require({"net": [Timed("a", 1234.0, 9)]})


@given(st.floats(0.01, 100), st.integers(1, 10**9), st.floats(0.01, 100), st.integers(1, 10**9))
def test_allowed_is_who_takes_no_more_of_either(ms: float, size: int, most_ms: float, most: int) -> None:
    one = Timed("a", ms, size)
    assert Limits(most_ms, most).allow(one) == (ms <= most_ms and size <= most)
    assert NONE.allow(one)
    assert not NONE


def test_limits_that_nobody_keeps_name_the_nearest_and_what_to_write() -> None:
    known = {"dense": [Timed("onnx", 4.0, 100), Timed("int8", 2.0, 50)], "stripes": [Timed("native", 1.0, 90)]}
    Limits(1.0).require(known)
    with pytest.raises(RequestError) as told:
        Limits(0.5).require(known)
    assert "nothing here keeps to 0.5 ms; the nearest is stripes, run by native: 1 ms, 90 bytes" in str(told.value)
    assert "Write --latency 1.1ms," in str(told.value)
    with pytest.raises(RequestError, match=r"the nearest is stripes.*Write --latency 1.1ms --bytes 99,"):
        Limits(0.9, 80).require({"stripes": known["stripes"]})
