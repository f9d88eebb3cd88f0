"""YAML: plain data, and no more of it than a study can need, refused before it is built."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tombola.errors import RequestError
from tombola.study.settings import override, put
from tombola.study.yamls import MOST_BYTES, MOST_LEVELS, MOST_VALUES, read_yaml

LAUGHS = "\n".join(["a0: &a0 [lol, lol]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))])


def read(folder: Path, text: str) -> dict[str, Any]:
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return read_yaml(folder / "s.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, f"more than {MOST_VALUES:,} values, aliases written out at line"),
        ("a: " + "[" * 3000, f"more than {MOST_LEVELS} levels at line 1"),
        ("a: " + "{b: " * 3000, f"more than {MOST_LEVELS} levels"),
        ("\n".join([f"a0: &a0 {'[' * 30}{']' * 30}", f"a1: &a1 {'[' * 40}*a0{']' * 40}"]), "levels at line 2"),
        ("a: &a [*a]", "stands for nothing written before it"),
        ("? [a, b]\n: 1", "unhashable"),
        ("? {a: b}\n: 1", "unhashable"),
        ("a: 1\na: 2", "'a' is written twice"),
        (f"a: {'1' * 5000}", "is not a value"),
        ("a: 9223372036854775808", "beyond 64 bits"),
        (f"a: 0x{'f' * 5000}", "beyond 64 bits"),
        ("a: !!int abc", "is not a value"),
        ("a: !!bool maybe", "is not a value"),
        ("a: !!float x", "is not a value"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: !!set {b, c}", "could not determine a constructor"),
        ("a: !!binary aGk=", "could not determine a constructor"),
        ("- a\n- b", "keys and values"),
        ("a: 1\n--- \nb: 2", "single document"),
        ("# " + "x" * MOST_BYTES, "larger than 1,000,000 bytes"),
        ("a: \x00", "special characters are not allowed"),
    ],
)
def test_a_file_that_is_too_much_or_no_plain_data_is_refused_at_once(tmp_path: Path, text: str, words: str) -> None:
    begun = time.monotonic()
    with pytest.raises(RequestError) as caught:
        read(tmp_path, text)
    assert time.monotonic() - begun < 20  # it took minutes, or for ever
    assert str(caught.value).startswith(f"{tmp_path}/s.yaml: ")
    assert words in str(caught.value)


def test_aliases_and_merged_keys_are_welcome_within_the_bounds(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &a {b: 1, c: 2}\nd: {<<: *a, c: 3}\ne: [*a, *a]") == {
        "a": {"b": 1, "c": 2},
        "d": {"b": 1, "c": 3},
        "e": [{"b": 1, "c": 2}] * 2,
    }


def test_a_date_is_text(tmp_path: Path) -> None:
    assert read(tmp_path, "name: 2026-11-28\nother: 2026-99-99") == {"name": "2026-11-28", "other": "2026-99-99"}


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_bytes(b"a: \xff\xfe")
    with pytest.raises(RequestError, match=r"s\.yaml: cannot be read"):
        read_yaml(tmp_path / "s.yaml")
    with pytest.raises(RequestError, match="cannot be read"):
        read_yaml(tmp_path)


@pytest.mark.parametrize(
    "value", ["[" * 5000, "[" * 100 + "1" + "]" * 100, "1" * 5000, "&a [*a]", "!!int x", "{[a]: 1}"]
)
def test_values_of_a_setting_are_bounded_alike(value: str) -> None:
    with pytest.raises(RequestError):
        override(f"draw.sparsity={value}")


def test_a_path_has_as_many_names_as_a_study_has_levels() -> None:
    assert put({}, "a.b", 1) == {"a": {"b": 1}}
    with pytest.raises(RequestError, match="more than 64 names"):
        put({}, ".".join("a" * 3000), 1)


@given(st.text(alphabet="ab[]{}:,&*!-? \n'\"|>%@#0.~<=1", max_size=40))
def test_any_text_is_values_or_one_of_our_errors(text: str) -> None:
    try:
        path, values = override(f"a={text}")
    except RequestError:
        return
    assert path == "a"
    assert isinstance(values, list)
