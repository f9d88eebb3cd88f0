"""Do masks that move keep more under natural damage than masks that stay? The "unexpected winner", asked again.

What: the networks of dynamic/rigl (OMP, gradual, RigL, SET, random, dense) and as many at 50 %, told pictures that are
    damaged in 15 ways. A store holds each network once for the two recipes.
When: the claim that dynamic sparse training keeps more than dense training does, made for 10 to 50 %. The rules,
    written before any row: it holds at a sparsity if the mean of RigL's or SET's paired differences to the dense net in
    corruption error, seed by seed, is below 0 with its 95 % interval; masks that move win over masks that stay if the
    same holds against OMP. Clean errors stand beside them: a lower clean error alone is no robustness.
Faithful: nets, lengths and rates as in dynamic/rigl; all severities. Pictures are made here and not read from the
    stored sets, so numbers compare within the study.
Scaled: 300 test images, severities 1, 3 and 5.
Cost: a third more than dynamic/rigl, and at scale=small some four seconds a network.
Reference: Wu et al., "Dynamic Sparse Training versus Dense Training: The Unexpected Winner in Image Corruption
    Robustness", arXiv 2410.03030; Hendrycks & Dietterich, ICLR 2019, arXiv 1903.12261.
"""

from typing import Any, Final

from tombola.recipes._scales import Scale
from tombola.recipes.dynamic.rigl import SPARSITIES, compared
from tombola.study.study import Study

NAME: Final = "dynamic-corruptions"
TITLE: Final = "Masks that move, rise or stay, under 15 corruptions"
MODERATE: Final = 0.5
"""The largest sparsity that the paper claims it for."""


def corruptions(scale: Scale = "paper") -> Study:
    """Ways and sparsities, seeds."""
    few: dict[str, Any] = {} if scale == "paper" else {"samples": 300, "severities": [1, 3, 5]}
    measured = ["accuracy", {"name": "corruption_error", **few}]
    return compared(NAME, TITLE, scale, (MODERATE, *SPARSITIES), measure=measured)
