"""Options and identity: what counts, what does not, and what is said of wrong options."""

from pathlib import PurePosixPath
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import field_validator

from tombola.errors import OptionError
from tombola.spec import Spec, build, canonical, key, option, options_of, plain


class Inner(Spec):
    size: int = option(1, "how large", ge=1)


class Outer(Spec):
    lr: float = option(0.1, "the rate", gt=0)
    workers: int = option(2, "how many", identity=False)
    inner: Inner = option(Inner(), "inside")
    many: tuple[Inner, ...] = option((), "several")


class Later(Outer):
    momentum: float = option(0.0, "added later", absent=0.0)


class Newer(Outer):
    VERSION: ClassVar[int] = 2


class Listed(Spec):
    inner: Inner = option(help="checked by hand")

    @field_validator("inner", mode="before")
    @classmethod
    def _built(cls, value: object) -> object:
        return build(Inner, value, "inner thing") if isinstance(value, dict) else value


def test_defaults_are_part_of_the_identity_and_how_is_not() -> None:
    assert Outer().identity() == {"lr": 0.1, "inner": {"size": 1}, "many": []}
    assert Outer(workers=9).digest() == Outer().digest() != Outer(lr=0.2).digest()


def test_an_option_added_later_keeps_old_keys_until_it_is_used() -> None:
    assert Later().digest() == Outer().digest()
    assert Later(momentum=0.9).digest() != Outer().digest()


def test_a_version_changes_the_identity() -> None:
    assert Newer().identity() == {"version": 2, **Outer().identity()}


def test_specs_are_frozen_and_replace_validates() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Outer().lr = 1.0  # type: ignore[misc]  # that is the test
    assert Outer().replace(lr=1.0) == Outer(lr=1.0)
    with pytest.raises(OptionError):
        Outer().replace(lr=-1.0)


def test_every_problem_is_reported_once_and_near_names_are_those_of_the_right_spec() -> None:
    with pytest.raises(OptionError) as caught:
        build(Outer, {"lr": 0, "wokers": 1, "inner": {"sze": 3, "size": 0}, "many": [{"siez": 1}]}, "outer")
    text = str(caught.value)
    assert caught.value.problems == (
        "lr=0: input should be greater than 0",
        "inner.size=0: input should be greater than or equal to 1",
        "inner.sze: no such option, did you mean 'size'? (the options are size)",
        "many.0.siez: no such option, did you mean 'size'? (the options are size)",
        "wokers: no such option, did you mean 'workers'? (the options are lr, workers, inner, many)",
    )
    assert text.startswith("outer: 5 problems\n  - lr=0")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "nan", "-inf", 1e400])
def test_a_number_is_finite_for_it_has_an_identity(value: object) -> None:
    with pytest.raises(OptionError, match="finite number"):
        build(Outer, {"lr": value})


def test_whole_numbers_have_64_bits() -> None:
    assert build(Inner, {"size": (1 << 63) - 1}).size == (1 << 63) - 1
    for value in (1 << 63, "9" * 20):
        with pytest.raises(OptionError, match="more than 64 bits"):
            build(Inner, {"size": value})


def test_problems_of_an_option_with_options_are_listed_one_by_one() -> None:
    with pytest.raises(OptionError) as caught:
        build(Listed, {"inner": {"size": 0, "sze": 1}})
    assert caught.value.problems[0].startswith("inner: inner thing: size=0: input")
    assert len(caught.value.problems) == 2
    with pytest.raises(OptionError, match=r"inner: is required; write inner=\.\.\."):
        build(Listed, {})


def test_a_type_without_identity_is_refused_rather_than_hashed_by_its_text() -> None:
    with pytest.raises(TypeError, match="__identity__"):
        plain(object())
    assert plain({"a": PurePosixPath("x/y"), "b": {3, 1, 2}}) == {"a": "x/y", "b": [1, 2, 3]}


def test_keys_depend_on_stage_version_identity_and_inputs_in_order() -> None:
    keys = {
        key("a", 1, {"x": 1}, ["p", "q"]),
        key("b", 1, {"x": 1}, ["p", "q"]),
        key("a", 2, {"x": 1}, ["p", "q"]),
        key("a", 1, {"x": 2}, ["p", "q"]),
        key("a", 1, {"x": 1}, ["q", "p"]),
    }
    assert len(keys) == 5


def test_a_key_is_frozen() -> None:
    assert key("pretrain", 1, {"lr": 0.1}, ["a"]) == "d17f3e4fff8b525924543eab37fe0f8bc93c3ebde9aeca78a983d8952fae10ba"


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=5))
def test_canonical_json_does_not_depend_on_order(value: dict[str, int | str | None]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)  # type: ignore[arg-type]  # plain JSON


def test_not_a_number_has_no_identity() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))


def test_options_are_described_from_their_declaration() -> None:
    lr, workers, *_ = options_of(Outer)
    assert (lr.name, lr.kind, lr.default, lr.help) == ("lr", "float > 0", "0.1", "the rate")
    assert workers.default == "2"
