"""Registered means tested: what every member of every family must keep."""

import inspect
import json
from pathlib import Path

import pytest

from tombola.cli.families import PACKAGES, family
from tombola.registry import Member
from tombola.spec import canonical, options_of

MEMBERS = [(kind, name) for kind in PACKAGES for name in family(kind).names()]


def member(kind: str, name: str) -> type[Member]:
    """The class."""
    return family(kind).get(name)


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_the_card_says_what_when_cost_options_and_reference(kind: str, name: str) -> None:
    card = family(kind).card(name)
    assert card.splitlines()[1:2] == [""], f"the docstring of {kind}/{name} needs a title line and an empty line"
    assert not card.startswith("What:")
    for heading in ("What:", "When:", "Cost:", "Options:", "Reference:"):
        assert heading in card, f"the docstring of {kind}/{name} lacks a line {heading!r}"


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_every_option_has_a_help_text(kind: str, name: str) -> None:
    for option in options_of(member(kind, name)):
        assert len(option.help) > 8, f"{kind}/{name}: option {option.name} has no help"


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_a_member_is_final_and_named_after_its_file(kind: str, name: str) -> None:
    cls = member(kind, name)
    assert not inspect.isabstract(cls)
    assert not cls.__subclasses__()
    assert Path(inspect.getfile(cls)).stem.rstrip("_") == name == cls.name


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_it_parses_from_its_own_options(kind: str, name: str, tmp_path: Path) -> None:
    for example in member(kind, name).examples(tmp_path):
        options = {option: getattr(example, option) for option in type(example).model_fields}
        assert family(kind).parse({"name": name, **options}) == example


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_its_identity_is_plain_json_that_rebuilds_it(kind: str, name: str, tmp_path: Path) -> None:
    for example in member(kind, name).examples(tmp_path):
        written = canonical(example.identity())
        identity = json.loads(written)
        assert identity["name"] == name
        if '"content":' not in written:  # of files, wherever they lie
            rest = {option: value for option, value in identity.items() if option != "version"}
            assert family(kind).parse(rest).identity() == example.identity()


def test_there_are_members_to_test() -> None:
    assert {"schemes/omp", "patterns/element", "attacks/pgd", "objectives/adversarial", "transfers/linear"} <= {
        "/".join(pair) for pair in MEMBERS
    }
