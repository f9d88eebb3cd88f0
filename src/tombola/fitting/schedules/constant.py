"""Constant: one learning rate all along.

What: the base learning rate at every step.
When: iterative magnitude pruning on the source task, whose published recipes never lower it.
Cost: none.
Options: none.
Reference: Chen et al., CVPR 2021 and ICML 2022 (ImageNet IMP).
"""

from tombola.fitting.schedules._base import Schedule


class Constant(Schedule):
    """Always 1."""

    def factor(self, step: int, total: int, per_epoch: int) -> float:
        return 1.0
