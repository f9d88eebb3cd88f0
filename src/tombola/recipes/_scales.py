"""The two scales of the papers' recipes, and how a study is put together from their parts."""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from tombola.study.study import Study

Scale: TypeAlias = Literal["paper", "small"]
"""``paper``: the paper's nets, data and schedules, for a cluster. ``small``: our nets and the packs, for a laptop."""

Net: TypeAlias = Literal["resnet18", "resnet50"]

COARSE: Final = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9)
ZOOM: Final = (0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
"""The sparsities the papers' figures run over, whole and zoomed in."""


def study(name: str, scale: Scale, title: str, base: Mapping[str, Any], **parts: Any) -> Study:
    """The study of a recipe at a scale, ``parts`` over ``base``; results of two scales lie in two folders."""
    called = name if scale == "paper" else f"{name}-{scale}"
    return Study.of({**base, "name": called, "title": title, **parts})


SEEDS: Final = 3

DRAWN_AGAINST: Final = "draw.fit.objective"
"""Where iterative pruning is told what each of its levels trains on: under an adversary it is A-IMP."""


def repeats(*paths: str, count: int = SEEDS) -> dict[str, Any]:
    """An axis that repeats cells: each repetition sets the seed, and every path given, to its number."""
    return {str(number): dict.fromkeys(("seed", *paths), number) for number in range(count)}


def pgd(eps: float, steps: int, step: float, **options: Any) -> dict[str, Any]:
    """The options of a PGD attack."""
    return {"name": "pgd", "eps": eps, "steps": steps, "step": step, **options}


def against(attack: Mapping[str, Any]) -> dict[str, Any]:
    """Training against an attack."""
    return {"name": "adversarial", "attack": dict(attack)}
