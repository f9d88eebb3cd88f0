"""What others gained, weighed by how near their task is: the lead of each level of an axis over its base."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log2, log10
from typing import Final

from tombola.advising.known import Features, Known

BASES: Final[Mapping[str, str]] = {"prior": "natural", "scheme": "OMP", "pattern": "element"}
"""What is compared, and what one does without advice."""
MIXED: Final = 1.0
"""How far apart linear evaluation and finetuning count."""


@dataclass(frozen=True)
class Case:
    """Levels of one axis measured side by side: all else is the same."""

    task: str
    features: Features
    sparsity: float
    accuracy: Mapping[str, float]
    """By level, the base among them."""


def cases(known: Iterable[Known], axis: str) -> list[Case]:
    """Where the base of an axis stands beside another level, and something is pruned."""
    others = [name for name in BASES if name != axis]
    found: dict[tuple[object, ...], dict[str, float]] = defaultdict(dict)
    told: dict[tuple[object, ...], Known] = {}
    for one in known:
        key = (one.study, one.task, one.features.adapted, one.sparsity, *(getattr(one, name) for name in others))
        found[key][getattr(one, axis)] = one.accuracy
        told[key] = one
    return [
        Case(told[key].task, told[key].features, told[key].sparsity, levels)
        for key, levels in found.items()
        if told[key].sparsity > 0 and BASES[axis] in levels and len(levels) > 1
    ]


def leads(seen: Sequence[Case], axis: str, of: Features, sparsity: float) -> dict[str, float]:
    """The expected lead of each level over the base, in points: a mean that nearer cases weigh more in."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for case in seen:
        far = distance(case.features, case.sparsity, of, sparsity)
        for level, accuracy in case.accuracy.items():
            if level != BASES[axis]:
                found[level].append((far, accuracy - case.accuracy[BASES[axis]]))
    return {level: _mean(pairs) for level, pairs in found.items()}


def distance(left: Features, sparsity: float, right: Features, other: float) -> float:
    """Squared, and 1 for each of: twice the images, three times the classes, half as far away, 20 points of dense
    accuracy, half of what is left; what one of the two does not say counts nothing."""
    parts = [log2((1 - sparsity + 0.005) / (1 - other + 0.005))]
    if left.images and right.images:
        parts.append(log2(left.images / right.images))
    if left.classes and right.classes:
        parts.append(log10(left.classes / right.classes) / 0.5)
    if left.gap and right.gap:
        parts.append(log2(left.gap / right.gap))
    if left.dense is not None and right.dense is not None:
        parts.append((left.dense - right.dense) / 20)
    if left.adapted and right.adapted:
        parts.append(MIXED * (left.adapted != right.adapted))
    return sum(part * part for part in parts)


def _mean(pairs: Sequence[tuple[float, float]]) -> float:
    least = min(far for far, _ in pairs)
    weights = [exp((least - far) / 2) for far, _ in pairs]
    return sum(weight * lead for weight, (_, lead) in zip(weights, pairs, strict=True)) / sum(weights)


def chosen(expected: Mapping[str, float], base: str) -> str:
    """The level with the highest expected lead; the base where none is above it."""
    best = max(expected, key=lambda level: expected[level], default=base)
    return best if expected.get(best, 0.0) > 0 else base
