"""The suites have teeth: a member that raises, or gives nonsense, fails the check that is there for it."""

import inspect
from pathlib import Path

import pytest

from tombola.cli.families import PACKAGES, family
from tombola.registry import Member

from .checks.faults import Fault, raises
from .checks.room import Check
from .suites import checks, faults

MEMBERS = [(kind, name) for kind in PACKAGES for name in family(kind).names()]


def fails(check: Check, members: list[Member]) -> bool:
    """Whether a check finds something wrong with one of them."""
    try:
        for member in members:
            check(member)
    except (Exception, pytest.fail.Exception):
        return True
    return False


BROKEN = [
    pytest.param(kind, fault, id=f"{kind}-{fault.what}".replace(" ", "_"))
    for kind in PACKAGES
    for fault in faults(kind)
]


@pytest.mark.parametrize(("kind", "fault"), BROKEN)
def test_nonsense_is_seen_by_the_check_that_is_there_for_it(
    kind: str, fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = family(kind).get(fault.of)
    examples: list[Member] = member.examples(tmp_path)[:1]
    assert fault.seen_by in checks(kind)
    assert not fails(fault.seen_by, examples), "the member is sound before it is broken"
    monkeypatch.setattr(member, fault.method, fault.made(getattr(member, fault.method)))
    assert fails(fault.seen_by, examples), f"{fault.seen_by.__name__} does not see a member that {fault.what}"


def promised(member: type[Member]) -> frozenset[str]:
    """The methods that its contract asks of it; of a published set's, those that are reached without its files."""
    if getattr(member, "PUBLISHED", None) is not None:
        return frozenset({"load"})
    contract = next(base for base in member.__mro__[1:] if inspect.isabstract(base))
    methods = {name: getattr(contract, name) for name in dir(contract)}
    return frozenset(name for name, one in methods.items() if getattr(one, "__isabstractmethod__", False))


SLOW = ("native", "onnx", "onnxruntime", "openvino")
"""A net is exported to be tried: seconds each."""


@pytest.mark.parametrize(
    ("kind", "name"),
    [pytest.param(*member, marks=pytest.mark.slow if member[1] in SLOW else []) for member in MEMBERS],
)
def test_it_fails_when_a_body_of_it_raises(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = family(kind).get(name)
    examples: list[Member] = member.examples(tmp_path)[:1]
    for method in promised(member):
        with monkeypatch.context() as patch:
            patch.setattr(member, method, raises(getattr(member, method)))
            assert any(fails(check, examples) for check in checks(kind)), f"{kind}/{name}.{method}"
