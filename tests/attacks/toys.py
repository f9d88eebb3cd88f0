"""Small nets and the criterion the attack tests share."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """One loss a sample."""
    return F.cross_entropy(outputs, targets, reduction="none")


def generator(seed: int = 0) -> torch.Generator:
    """A generator at ``seed``."""
    return torch.Generator().manual_seed(seed)


def toy_net(seed: int = 0) -> nn.Sequential:
    """Two convolutions with batch norm and a linear layer, for images of 6x6 and four classes."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Conv2d(3, 6, 3, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Conv2d(6, 5, 3),
            nn.BatchNorm2d(5),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(20, 4),
        )
        with torch.no_grad():
            for _ in range(3):
                net(torch.rand(16, 3, 6, 6))
    return net.eval()


def toy_batch(count: int = 8, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random images of 6x6 with random labels of four classes."""
    rng = generator(seed)
    return torch.rand(count, 3, 6, 6, generator=rng), torch.randint(0, 4, (count,), generator=rng)
