"""Alignment: how near the two views of an image lie.

What: the mean squared distance between the vectors of an image's two views, both of length one: 0 where they are the
    same, 2 where they have nothing to do with each other. Over all test images; lower is better.
When: learning from two views, beside ``uniformity``: a net that gives every image the same vector is aligned perfectly.
Cost: one forward pass over two views of each test image.
Options: batch (not part of the identity).
Reference: Wang and Isola, Understanding Contrastive Representation Learning through Alignment and Uniformity on the
    Hypersphere, ICML 2020, arXiv 2005.10242, with alpha 2.
"""

from typing import final

from torch import Tensor

from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._base import Measurement
from tombola.properties._views_told import OfViews
from tombola.tasks._base import Task


@final
class Alignment(OfViews):
    """How near views of one image are."""

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        first, second = self.vectors(model, task, session)
        return [Measurement("alignment", alignment(first, second), len(first), better="lower")]


def alignment(first: Tensor, second: Tensor) -> float:
    """The mean squared distance of rows that stand beside each other.

    >>> import torch
    >>> alignment(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    1.0
    """
    return float((first - second).double().square().sum(1).mean())
