"""What was measured: the mean accuracy of one way to draw on one task, and what is known of that task."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from tombola.errors import RequestError
from tombola.rows import Row, read_rows

SHIPPED: Final = Path(__file__).with_name("known.json")
NATURAL: Final = "natural"
CONTROLS: Final = ("untrained", "random ticket")
"""Levels of the axis ``prior`` that stand beside priors to be beaten, and are no advice."""
_CELL: Final = ("prior", "scheme", "pattern", "sparsity", "accuracy")


@dataclass(frozen=True)
class Features:
    """What is known of a task before a ticket is tried; None where it is not."""

    images: int | None = None
    """How many there are to train on."""
    classes: int | None = None
    gap: float | None = None
    """The Frechet distance of its features to the source's."""
    dense: float | None = None
    """What the natural dense network reaches, in per cent."""
    adapted: str | None = None
    """linear or finetune."""


@dataclass(frozen=True)
class Known:
    """A cell of a study, its seeds averaged."""

    study: str
    task: str
    features: Features
    prior: str
    scheme: str
    pattern: str
    sparsity: float
    accuracy: float


def shipped() -> list[Known]:
    """What comes with the package: every study of `results` that compares priors, schemes or patterns."""
    return unpacked(json.loads(SHIPPED.read_text(encoding="utf-8")))


def packed(known: Iterable[Known]) -> list[dict[str, Any]]:
    """As JSON: what a study has of a task is said once, and its cells are short lists."""
    found: dict[tuple[str, str, Features], list[list[Any]]] = defaultdict(list)
    for one in known:
        found[one.study, one.task, one.features].append([getattr(one, name) for name in _CELL])
    return [{"study": study, "task": task, "features": _told(of), "cells": cells}
            for (study, task, of), cells in found.items()]  # fmt: skip


def unpacked(told: Iterable[Mapping[str, Any]]) -> list[Known]:
    """The cells again."""
    return [
        Known(one["study"], one["task"], Features(**one["features"]), **dict(zip(_CELL, cell, strict=True)))
        for one in told
        for cell in one["cells"]
    ]


def found_in(folder: Path) -> list[Known]:
    """What the result rows of a folder tell, in it or in folders of studies; a folder without any is refused.

    Rows say no more of their task than its name, so distance counts by sparsity alone.
    """
    files = sorted([*folder.glob("rows.jsonl"), *folder.glob("*/rows.jsonl")])
    found = [one for file in files for one in known_of(read_rows(file), {})]
    if not found:
        raise RequestError(
            f"{folder}: has no rows of accuracy by prior and sparsity; name a folder that tombola run --out has written"
        )
    return found


def known_of(rows: Iterable[Row], tasks: Mapping[str, Features], *, task: str = "") -> list[Known]:
    """A study's rows of accuracy as what is known; ``tasks`` says what is known of each, by name.

    ``task`` is the task's name, where the study has one only.
    """
    values: dict[tuple[str, str, str, str, str, str, float], list[float]] = defaultdict(list)
    for row in rows:
        cell = {axis: str(level) for axis, level in row.cell.items()}
        if (row.property, row.metric) != ("accuracy", "accuracy") or "draw.sparsity" not in cell:
            continue  # what engines and calibration errors say of accuracy is of another arithmetic, or of less
        if cell.get("prior") in CONTROLS:
            continue
        scheme, pattern = way(cell)
        on = cell.get("task", task or row.study)
        place = (row.study, on, cell.get("transfer", ""), cell.get("prior", NATURAL), scheme, pattern)
        values[(*place, _share(cell["draw.sparsity"]))].append(row.value)
    dense = {key[:3]: fmean(found) for key, found in values.items() if key[3] == NATURAL and key[6] == 0}
    return [
        Known(study, on, _features(tasks.get(on, Features()), adapted, dense.get((study, on, adapted))),
              prior, scheme, pattern, sparsity, round(fmean(found), 2))
        for (study, on, adapted, prior, scheme, pattern, sparsity), found in values.items()
    ]  # fmt: skip


def _share(level: str) -> float:
    try:
        return float(level)
    except ValueError:
        raise RequestError(
            f"draw.sparsity={level} in result rows is no number; name the levels of that axis by their shares, as 0.8"
        ) from None


def way(cell: Mapping[str, str]) -> tuple[str, str]:
    """The scheme and the pattern of a cell: its own axes, or one axis ``way`` as in ``OMP stripe 4``."""
    if "way" in cell:
        scheme, _, pattern = cell["way"].partition(" ")
        return (scheme, "element") if pattern[:2] in ("", "lr") else (scheme, pattern.replace("stripe ", "stripe:"))
    return cell.get("scheme", cell.get("drawn", "OMP")), cell.get("draw.pattern", "element")


def _told(of: Features) -> dict[str, Any]:
    return {name: value for name, value in asdict(of).items() if value is not None}


def _features(of: Features, adapted: str, dense: float | None) -> Features:
    known = asdict(of)
    known["adapted"] = adapted or known["adapted"]
    known["dense"] = None if dense is None else round(dense, 2)
    return Features(**known)
