"""What a repro is, and how one is registered."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Repro = Callable[[Path], str]


@dataclass(frozen=True)
class Finding:
    """A finding by its name, in a few words, and a repro that says what it saw or raises where it is back."""

    name: str
    title: str
    repro: Repro
    slow: bool


FOUND: Final[list[Finding]] = []


def finding(name: str, title: str, *, slow: bool = False) -> Callable[[Repro], Repro]:
    """Register the function below as a repro of the finding ``name``; it gets an empty folder to work in."""

    def register(repro: Repro) -> Repro:
        FOUND.append(Finding(name, title, repro, slow))
        return repro

    return register


def expect(condition: object, what: str) -> None:
    """Raise AssertionError unless the condition holds (``python -O`` would strip an assert)."""
    if not condition:
        raise AssertionError(what)
