"""A toy net, masks for it and samples, for loops that are not Tombola's."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from tombola.masks.masks import Masks


class Toy(nn.Module):
    """A net in a part of its own, which answers as transformers' models do."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
        drawn = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.net.parameters():
                parameter.normal_(generator=drawn).mul_(0.3)

    def forward(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        logits = self.net(x)
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}


def masks() -> Masks:
    """Exactly 60 of 96 and 30 of 48 weights are pruned, by the names of `Toy.net`."""
    drawn = torch.Generator().manual_seed(1)
    found = {}
    for name, shape, pruned in (("0.weight", (16, 6), 60), ("2.weight", (3, 16), 30)):
        mask = torch.ones(shape, dtype=torch.bool)
        mask.flatten()[torch.randperm(mask.numel(), generator=drawn)[:pruned]] = False
        found[name] = mask
    return Masks(found)


def require_kept(module: nn.Module) -> None:
    """Exactly the weights that the masks prune are +0.0, and the others were trained."""
    for name, mask in masks().items():
        weight = module.get_parameter(name).detach().cpu()
        assert torch.equal(weight != 0, mask)
        assert not torch.signbit(weight[~mask]).any()
        assert not torch.equal(weight, Toy().net.get_parameter(name).detach() * mask)


class Samples(Dataset[dict[str, Any]]):
    """Thirty-two samples, each a mapping of the net's arguments."""

    def __init__(self) -> None:
        drawn = torch.Generator().manual_seed(2)
        self.x = torch.randn(32, 6, generator=drawn)
        self.labels = torch.randint(3, (32,), generator=drawn)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"x": self.x[index], "labels": self.labels[index]}
