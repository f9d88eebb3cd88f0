"""Small nets with a bit of everything the graphs know."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network

SIZE = (3, 13, 11)


class Everything(nn.Module):
    """Residuals, a squeeze and excitation, concatenation, groups, pools, a stride, values changed in place."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.conv = nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.bn2 = nn.BatchNorm2d(8, affine=False)
        self.squeeze = nn.Conv2d(8, 8, 1)
        self.wide = nn.Conv2d(8, 4, (3, 1), padding="same", dilation=2)
        self.bn3 = nn.BatchNorm2d(12)
        self.tail = nn.Conv2d(12, 6, 1)
        self.fc = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu_(self.bn(self.stem(x)))
        kept = x
        y = self.bn2(self.conv(x))
        y += kept
        y = F.hardswish(y)
        y = torch.sigmoid(self.squeeze(F.adaptive_avg_pool2d(y, 1))) * y
        z = torch.cat([F.max_pool2d(y, 3, 1, 1), self.wide(y)], 1)
        z = F.relu6(self.tail(F.silu(self.bn3(z)) * 0.5 + 0.25))
        return self.fc(z.mean((2, 3)))  # type: ignore[no-any-return]  # a module's call is untyped


def everything(seed: int = 0) -> Network:
    """The net with batch norms that do something."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        body = Everything().eval()
        for module in body.modules():
            if isinstance(module, nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
                if module.affine:
                    nn.init.normal_(module.weight)
                    nn.init.normal_(module.bias)
    return Network(body, Normalise((0.5, 0.4, 0.3), (0.2, 0.3, 0.4)), source="everything")


def images(count: int = 2, size: tuple[int, int, int] = SIZE) -> Tensor:
    """Images in [0, 1], always the same."""
    return torch.rand(count, *size, generator=torch.Generator().manual_seed(7))
