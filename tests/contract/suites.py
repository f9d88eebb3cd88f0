"""The suites: the checks of every family, every member that they run over, and the faults that they must see."""

from importlib import import_module

from tombola.cli.families import PACKAGES, family

from .checks.faults import Fault
from .checks.room import Check

Case = tuple[str, str, Check]


def checks(kind: str) -> tuple[Check, ...]:
    """What every member of a family must pass."""
    found: tuple[Check, ...] = import_module(f"tests.contract.checks.{kind}").CHECKS
    return found


def faults(kind: str) -> tuple[Fault, ...]:
    """Members of a family broken on purpose."""
    found: tuple[Fault, ...] = import_module(f"tests.contract.checks.{kind}").FAULTS
    return found


def cases() -> list[Case]:
    """Every check of every member of every family: of this package's, of ``TOMBOLA_PATH``'s, of installed ones'."""
    return [(kind, name, check) for kind in PACKAGES for name in family(kind).names() for check in checks(kind)]
