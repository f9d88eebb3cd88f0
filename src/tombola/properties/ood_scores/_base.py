"""The contract of an out-of-distribution score: how much an image is like what the network knows."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from tombola.properties._responses import Kind
from tombola.registry import Family, Member
from tombola.rows import Scalar


@dataclass(frozen=True)
class Known:
    """The network's responses to the task's training images, (N, D), and their labels."""

    values: Tensor
    labels: Tensor


class OODScore(Member):
    """One number an image, higher meaning more like the training images."""

    family: ClassVar[Family] = Family("ood_scores", "tombola.properties.ood_scores")

    READS: ClassVar[Kind] = "outputs"
    """What of the network it looks at: its outputs (logits), or the features that enter its head."""

    @abstractmethod
    def scores(self, values: Tensor, known: Callable[[], Known]) -> Tensor:
        """The scores (N,) of responses (N, D) in float64.

        ``known`` computes the same responses to the training split; a score that does without never calls it.
        """

    def told(self) -> dict[str, Scalar]:
        """The score's name and its options, as plain values for a result row."""
        options = {name: value for name, value in self.identity().items() if name not in ("name", "version")}
        plain = {name: value if isinstance(value, Scalar) else str(value) for name, value in options.items()}
        return {"score": self.name, **plain}
