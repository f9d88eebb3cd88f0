"""Registered means tested: what every member of every family must keep."""

import inspect
import json
from typing import Any

import pytest

from tombola.cli.families import PACKAGES, family
from tombola.registry import Member
from tombola.spec import canonical, options_of

NEEDED: dict[str, dict[str, Any]] = {
    # Options without a default, for members that have any.
    "budgets/explicit": {"layers": {"conv": 0.5}},
    "datasets/folder": {"path": "pictures"},
    "datasets/pack": {"path": "pictures.npz"},
    "datasets/scene_pack": {"path": "scenes"},
    "ladders/listed": {"sparsities": [0.5, 0.9]},
    "properties/frechet_distance": {"other": "digits"},
    "properties/nesting": {"reference": "omp"},
    "properties/ood_auroc": {"out": "digits"},
    "properties/overlap": {"reference": {"name": "random", "sparsity": 0.5}},
    "schemes/latency": {"latency": 0.5, "costs": {"conv": 1.0}},
    "schemes/omp": {"sparsity": 0.5},
    "tasks/classification": {"data": "digits"},
    "tasks/segmentation": {"data": "shapes"},
}
READS_FILES = {"datasets/folder", "datasets/pack", "datasets/scene_pack"}
"""Their identity is that of files."""

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
    assert cls.__module__.rpartition(".")[2].rstrip("_") == name == cls.name


@pytest.mark.parametrize(("kind", "name"), MEMBERS)
def test_it_parses_from_text_and_from_its_own_options(kind: str, name: str) -> None:
    first = family(kind).parse({"name": name, **NEEDED.get(f"{kind}/{name}", {})})
    options = {option: getattr(first, option) for option in type(first).model_fields}
    assert family(kind).parse({"name": name, **options}) == first


@pytest.mark.parametrize(("kind", "name"), [pair for pair in MEMBERS if "/".join(pair) not in READS_FILES])
def test_its_identity_is_plain_json_that_rebuilds_it(kind: str, name: str) -> None:
    first = family(kind).parse({"name": name, **NEEDED.get(f"{kind}/{name}", {})})
    identity = json.loads(canonical(first.identity()))
    identity.pop("version", None)
    assert identity["name"] == name
    assert family(kind).parse(identity).identity() == first.identity()


def test_there_are_members_to_test() -> None:
    assert {"schemes/omp", "patterns/element", "attacks/pgd", "objectives/adversarial", "transfers/linear"} <= {
        "/".join(pair) for pair in MEMBERS
    }
