"""A toy encoder of texts, and a batch for it."""

import torch
from torch import Tensor, nn

from tombola.batch import Batch
from tombola.models.inputs.tokens import Words
from tombola.models.network import Network
from tombola.models.seeded import seeded

WORDS = 11
WIDTH = 6


class Bag(nn.Module):
    """The mean of the words' vectors where the mask is 1, and a linear layer."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.table = nn.Embedding(WORDS, WIDTH)
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, classes)

    def forward(self, ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        words = torch.tanh(self.mix(self.table(ids)))
        counted = torch.ones_like(ids) if attention_mask is None else attention_mask
        found: Tensor = self.out((words * counted[..., None]).sum(1) / counted.sum(1, keepdim=True))
        return found


def bag() -> Network:
    """The toy encoder as a network."""
    with seeded(0):
        return Network(Bag(), Words(), source="bag")


def texts() -> Batch:
    """Two texts of four and two words."""
    ids = torch.tensor([[1, 5, 7, 2], [3, 4, 0, 0]])
    return Batch(ids, torch.tensor([0, 1]), {"attention_mask": (ids > 0).long()})
