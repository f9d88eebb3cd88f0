"""Which families there are, and how the command line names them: known without importing torch."""

import importlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tombola.declared import OptionText, Undeclared, card_in, option_names_in, options_in
from tombola.errors import UnknownName, near
from tombola.finding import file_of, member_names, singular, source_of

if TYPE_CHECKING:
    from tombola.registry import Family
    from tombola.spec import Spec

PACKAGES: Final = {
    "schemes": "tombola.schemes",
    "rewinds": "tombola.schemes.rewinds",
    "ladders": "tombola.masks.ladders",
    "patterns": "tombola.masks.patterns",
    "scores": "tombola.masks.scores",
    "budgets": "tombola.masks.budgets",
    "objectives": "tombola.objectives",
    "attacks": "tombola.attacks",
    "tasks": "tombola.tasks",
    "inputs": "tombola.models.inputs",
    "heads": "tombola.models.heads",
    "kinds": "tombola.models.kinds",
    "datasets": "tombola.data",
    "corruptions": "tombola.data.corruptions",
    "transfers": "tombola.transfers",
    "searches": "tombola.transfers.searches",
    "properties": "tombola.properties",
    "ood_scores": "tombola.properties.ood_scores",
    "exporters": "tombola.exporters",
    "engines": "tombola.engines",
    "optimizers": "tombola.fitting.optimizers",
    "schedules": "tombola.fitting.schedules",
    "changes": "tombola.fitting.changes",
    "trackers": "tombola.fitting.trackers",
    "figures": "tombola.report.figures",
    "runners": "tombola.study.runners",
}

RECIPES: Final = ("recipe", "recipes")
"""Studies with a name: listed and shown as families are, but a recipe is a function and has no options of its own."""

SPECS: Final = {
    "fit": ("tombola.fitting.fit", "Fit"),
    "model": ("tombola.models.source", "Source"),
    "study": ("tombola.study.experiment", "Experiment"),
}
"""What has options and is no family: how to train, where a model comes from, what a study file holds."""


def spec(word: str) -> "type[Spec]":
    """The class whose options ``word`` stands for, one of `SPECS`."""
    module, name = SPECS[word]
    found: type[Spec] = getattr(importlib.import_module(module), name)
    return found


def family(word: str) -> "Family":
    """The family called ``word``, in the plural or the singular; its contract is imported."""
    from tombola.registry import FAMILIES

    name = called(word)
    importlib.import_module(f"{PACKAGES[name]}._base")
    return FAMILIES[name]


def called(word: str) -> str:
    """The name of a family, which ``word`` is in the plural or the singular; imports nothing."""
    for name in PACKAGES:
        if word in (name, singular(name)):
            return name
    words = [*PACKAGES, *map(singular, PACKAGES), "recipes", "models"]
    raise UnknownName(f"unknown family {word!r}{near(word, words)}; tombola list names them all")


def names(name: str) -> list[str]:
    """A family's members, sorted; imports none."""
    return member_names(name, PACKAGES[name])


def choices(name: str) -> str:
    """``"imp, lmp, omp"``: a family's members for a help text, without importing any."""
    return ", ".join(names(name))


def card(of: str, name: str) -> str:
    """A member's card, read from its file; only one that has none here is imported."""
    file = _file(of, name)
    return card_in(file) if file is not None else family(of).card(name)


def option_names(of: str, name: str) -> list[str]:
    """What a member's options are called, read from its file; none of one that has none here."""
    file = _file(of, name)
    with suppress(Undeclared):
        return [] if file is None else option_names_in(file)
    return []


def options(of: str, name: str) -> list[OptionText]:
    """A member's options, read from its file where that says all, else from the class."""
    file = _file(of, name)
    with suppress(Undeclared):
        if file is not None:
            return options_in(file)
    from tombola.spec import options_of

    return options_of(family(of).get(name))


def _file(of: str, name: str) -> Path | None:
    """The file of a member, None where only importing tells."""
    return file_of(source_of(of, PACKAGES[of], name))
