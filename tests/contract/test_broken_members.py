"""The suites have teeth: a member that raises, or gives nonsense, fails the check that is there for it."""

import inspect
from pathlib import Path

import pytest

from tombola.cli.families import PACKAGES, family
from tombola.registry import Member

from .checks.faults import Fault, raises
from .checks.room import Check
from .suites import cases, checks, faults

KINDS = pytest.mark.parametrize("kind", PACKAGES)


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
    examples: list[Member] = member.examples(tmp_path)
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


@KINDS
def test_every_member_fails_when_a_body_of_it_raises(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, member in family(kind).members().items():
        folder = tmp_path / name
        folder.mkdir()
        examples: list[Member] = member.examples(folder)[:1]
        for method in promised(member):
            with monkeypatch.context() as patch:
                patch.setattr(member, method, raises(getattr(member, method)))
                assert any(fails(check, examples) for check in checks(kind)), f"{kind}/{name}.{method}"


ADDED = {
    "attacks": """
from tombola.attacks._base import Attack

class Mine(Attack):
    def perturb(self, model, x, targets, criterion, *, bounds, generator):
        was = model.training
        model.eval()
        found = x.detach().requires_grad_()
        import torch
        (slope,) = torch.autograd.grad(criterion(model(found), targets).sum(), found)
        model.train(was)
        return (x + 0.01 * slope.sign()).clamp(*bounds)
""",
    "schedules": """
from tombola.fitting.schedules._base import Schedule

class Mine(Schedule):
    def factor(self, step, total, per_epoch):
        return 1 - step / total
""",
    "ladders": """
from tombola.masks.ladders._base import Ladder

class Mine(Ladder):
    def levels(self, sparsity):
        return 2

    def pruned(self, level, before, total):
        return round(level / 4 * total)
""",
    "corruptions": """
from tombola.data.corruptions._base import Corruption, each

class Mine(Corruption):
    LEVELS = {32: each(0.1, 0.2, 0.3, 0.4, 0.5)}

    def change(self, x, setting, own):
        return x * (1 - setting[0])
""",
    "properties": """
from tombola.properties._base import Measurement, Property

class Mine(Property):
    def measure(self, model, task, *, seed, session):
        total = sum(float(weight.detach().abs().sum()) for weight in model.parameters())
        return [Measurement("weight", total, samples=1, better="neither")]
""",
}
"""What a file of one's own adds to a family."""


@pytest.mark.parametrize("kind", ADDED)
def test_a_member_of_ones_own_runs_through_the_same_suite(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / kind).mkdir()
    monkeypatch.setenv("TOMBOLA_PATH", str(tmp_path))
    (tmp_path / kind / "mine.py").write_text(ADDED[kind])
    mine = [check for one, name, check in cases() if (one, name) == (kind, "mine")]
    assert mine == list(checks(kind))
    member = family(kind).get("mine")
    for check in mine:
        for example in member.examples(tmp_path):
            check(example)
    for method in promised(member):
        with monkeypatch.context() as patch:
            patch.setattr(member, method, raises(getattr(member, method)))
            assert any(fails(check, member.examples(tmp_path)) for check in mine), method
