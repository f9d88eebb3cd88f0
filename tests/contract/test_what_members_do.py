"""Registered means tested: every check of a family's suite, over every example of every member."""

from pathlib import Path

import pytest

from tombola.cli.families import family

from .checks.room import Check
from .suites import Case, cases

RAY = [pytest.mark.slow, pytest.mark.enable_socket, pytest.mark.timeout(300)]
"""A cluster takes half a minute to start."""
COMPILED = {"native", "onnx", "onnxruntime", "openvino", "shrunk"}
EXPORTED = {"its_files_are_those_of_the_net_that_is_left", "its_outputs_are_torchs_of_the_masked_net"}
EXPORTER = ("exporters", "onnx")
"""Of such members such checks take seconds, and `tests/exporters` and `tests/engines` have faster ones."""


def marks(case: Case) -> list[pytest.MarkDecorator]:
    """What a case is to be run with."""
    _, name, check = case
    if name == "ray":
        return RAY
    slow = name in ("autoattack", "wandb") or (name in COMPILED and check.__name__ in EXPORTED) or case[:2] == EXPORTER
    return [pytest.mark.slow] if slow else []


def named(case: Case) -> str:
    kind, name, check = case
    return f"{kind}-{name}-{check.__name__}"


CASES = [pytest.param(*case, id=named(case), marks=marks(case)) for case in cases()]


@pytest.mark.parametrize(("kind", "name", "check"), CASES)
def test_every_example_of_it(kind: str, name: str, check: Check, tmp_path: Path) -> None:
    examples = family(kind).get(name).examples(tmp_path)
    assert examples, f"{kind}/{name} has no example to try it with"
    for example in examples:
        check(example)
