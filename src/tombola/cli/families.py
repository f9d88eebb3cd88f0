"""Which families there are, and how the command line names them: known without importing torch."""

import importlib
from typing import Final

from tombola.errors import UnknownName, near
from tombola.registry import FAMILIES, Family, member_names, singular
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


def spec(word: str) -> type[Spec]:
    """The class whose options ``word`` stands for, one of `SPECS`."""
    module, name = SPECS[word]
    found: type[Spec] = getattr(importlib.import_module(module), name)
    return found


def family(word: str) -> Family:
    """The family called ``word``, in the plural or the singular; its contract is imported."""
    for name, package in PACKAGES.items():
        if word in (name, singular(name)):
            importlib.import_module(f"{package}._base")
            return FAMILIES[name]
    raise UnknownName(f"unknown family {word!r}{near(word, list(PACKAGES))} (there are: {', '.join(PACKAGES)})")


def choices(name: str) -> str:
    """``"imp, lmp, omp"``: a family's members for a help text, without importing any."""
    return ", ".join(member_names(name, PACKAGES[name]))
