"""What both recipes of SuperTickets share: supernets, and fits that search, prune or only train.

Where the search is a training of its own it has two thirds of the steps, and what comes after it the last third.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tombola.recipes import _small
from tombola.recipes._scales import Scale


@dataclass(frozen=True)
class Sizes:
    """A scale in numbers; lengths are epochs."""

    model: Mapping[str, Any]
    source: Any
    epochs: int
    batch: int
    lr: float
    rho: float
    shrink: int
    prune: int

    def fit(self, epochs: int, *, changes: Any = (), penalty: bool = False, of: Any = "natural") -> dict[str, Any]:
        """A training of so many epochs."""
        penalised = {"name": "scale_penalty", "of": of, "rho": self.rho, "rise": 2 / 24}
        return {
            "objective": penalised if penalty else of,
            "epochs": f"{epochs}ep",
            "batch": self.batch,
            "optimizer": {"name": "adamw", "lr": self.lr},
            "schedule": "cosine",
            "changes": [dict(change) for change in changes],
        }

    @property
    def searching(self) -> dict[str, Any]:
        """The change that makes the net smaller."""
        return {"name": "shrink", "every": f"{self.shrink}ep"}

    def pruning(self, sparsity: float, back: str) -> dict[str, Any]:
        """The change that prunes it, ten per cent more at a time."""
        return {"name": "revive", "sparsity": sparsity, "back": back, "every": f"{self.prune}ep", "prunable": "cv_lth"}


SMALL: Final = "small"
_PAPER: Final[Mapping[str, Any]] = {"name": "supernet:5x4", "kernels": "3,5,7", "expansion": 4, "width": 1.5}


def sizes(scale: Scale) -> Sizes:
    """Of a scale."""
    if scale == SMALL:
        source = _small.cifar10(num_train=18_000)
        return Sizes({"name": "supernet:2x2"}, source, 24, 128, 2e-3, rho=0.01, shrink=3, prune=2)
    return Sizes(_PAPER, "cifar10", 351, 256, 2e-3, rho=1.8e-4, shrink=10, prune=25)


def drawn(sparsity: float) -> dict[str, Any]:
    """One threshold for all convolutions but the first."""
    return {"name": "omp", "prunable": "cv_lth", "sparsity": sparsity}


def finetune(fit: Mapping[str, Any]) -> dict[str, Any]:
    """All weights that are kept."""
    return {"name": "finetune", "fit": dict(fit)}
