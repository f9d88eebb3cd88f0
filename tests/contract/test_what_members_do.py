"""Registered means tested: every check of a family's suite, over every example of every member."""

from pathlib import Path

import pytest

from tombola.cli.families import family

from .checks.room import Check
from .suites import Case, cases

SLOW = {"ray": [pytest.mark.slow, pytest.mark.enable_socket, pytest.mark.timeout(300)]}
"""A cluster takes half a minute to start."""


def named(case: Case) -> str:
    kind, name, check = case
    return f"{kind}-{name}-{check.__name__}"


CASES = [pytest.param(*case, id=named(case), marks=SLOW.get(case[1], [])) for case in cases()]


@pytest.mark.parametrize(("kind", "name", "check"), CASES)
def test_every_example_of_it(kind: str, name: str, check: Check, tmp_path: Path) -> None:
    examples = family(kind).get(name).examples(tmp_path)
    assert examples, f"{kind}/{name} has no example to try it with"
    for example in examples:
        check(example)
