"""Small nets of every kind of coupling, with batch norms whose constants are not 0, and masks that empty channels."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.prunable import candidates

SIZE = (3, 8, 8)


class Plain(nn.Module):
    """A convolution, a batch norm or none, an activation."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, groups: int = 1, act: str = "relu", norm: str = "y"):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=norm == "no")
        self.norm = nn.BatchNorm2d(outputs) if norm != "no" else nn.Identity()
        self.act: Callable[[Tensor], Tensor] = getattr(F, act) if act != "none" else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act(self.norm(self.conv(x)))
        return out


class Residual(nn.Module):
    """A basic block: two convolutions beside the input itself, or beside a 1x1 convolution of it."""

    def __init__(self, width: int, projects: bool) -> None:
        super().__init__()
        self.one = Plain(width, width)
        self.two = Plain(width, width, act="none")
        self.side: nn.Module = Plain(width, width, kernel=1, act="none") if projects else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.two(self.one(x)) + self.side(x))


class Joined(nn.Module):
    """A dense block: what is computed beside what it is computed from."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width)
        self.grow = Plain(width, 4, act="relu6")
        self.join = Plain(width + 4, width, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.join(torch.cat([x, self.grow(F.relu(self.norm(x)))], 1))
        return out


class Inverted(nn.Module):
    """An inverted residual: wide, depthwise, squeeze and excitation if asked, narrow, added to the input."""

    def __init__(self, width: int, excites: bool, act: str) -> None:
        super().__init__()
        self.wide = Plain(width, 2 * width, kernel=1, act=act)
        self.deep = Plain(2 * width, 2 * width, groups=2 * width, act=act)
        self.squeeze = nn.Conv2d(2 * width, 3, 1) if excites else None
        self.excite = nn.Conv2d(3, 2 * width, 1)
        self.narrow = Plain(2 * width, width, kernel=1, act="none")

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.deep(self.wide(x))
        if self.squeeze is not None:
            y = y * self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(y, 1)))).sigmoid()
        out: Tensor = x + self.narrow(y)
        return out


class Grouped(nn.Module):
    """A ResNeXt block."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.one = Plain(width, 2 * width, kernel=1)
        self.two = Plain(2 * width, 2 * width, groups=groups)
        self.three = Plain(2 * width, width, kernel=1, act="none")

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.three(self.two(self.one(x))))


BLOCKS: dict[str, Callable[[int], nn.Module]] = {
    "plain": lambda width: Plain(width, width),
    "without norm": lambda width: Plain(width, width, norm="no"),
    "residual": lambda width: Residual(width, projects=False),
    "projecting": lambda width: Residual(width, projects=True),
    "joined": Joined,
    "inverted": lambda width: Inverted(width, excites=False, act="relu6"),
    "exciting": lambda width: Inverted(width, excites=True, act="hardswish"),
    "grouped": lambda width: Grouped(width, groups=4),
    "pool": lambda _: nn.AvgPool2d(3, 1, 1),
    "max": lambda _: nn.MaxPool2d(3, 1, 1),
}


class Net(nn.Module):
    """A stem, blocks, and a head on the mean of the maps or on all their pixels."""

    def __init__(self, blocks: list[str], width: int, *, flat: bool) -> None:
        super().__init__()
        self.stem = Plain(3, width)
        self.blocks = nn.Sequential(*(BLOCKS[name](width) for name in blocks))
        self.pool = nn.AdaptiveAvgPool2d(3 if flat else 1)
        self.hidden = nn.Linear(width * (9 if flat else 1), 6)
        self.head = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(F.relu(self.hidden(self.pool(self.blocks(self.stem(x))).flatten(1))))
        return out


def network(blocks: list[str], *, width: int = 8, flat: bool = False, seed: int = 0) -> Network:
    """A random net of these blocks; batch norms have seen something, so that no constant is 0 by chance."""
    generator = torch.Generator().manual_seed(seed)
    body = Net(blocks, width, flat=flat).eval()
    with torch.no_grad():
        for module in body.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor, low, high in _norm_values(module):
                    tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)
            elif isinstance(module, nn.Conv2d | nn.Linear):
                for parameter in module.parameters():
                    parameter.copy_(torch.randn(parameter.shape, generator=generator) * parameter[0].numel() ** -0.5)
    return Network(body, source="a random net", head="head")


def channel_masks(model: Network, share: float, *, seed: int, elements: bool = False) -> Masks:
    """Random masks: in every weight a share of the outputs goes, or with ``elements`` of single weights and inputs."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, weight in candidates(model.body).items():
        kept = torch.rand(len(weight), generator=generator) >= share
        mask = kept.view(-1, *(1 for _ in weight.shape[1:])).expand(weight.shape).clone()
        if elements:
            mask &= torch.rand(weight.shape, generator=generator) >= 0.3
            mask[:, torch.rand(weight.shape[1], generator=generator) < share] = False
        found[name] = mask
    return Masks(found)


def _norm_values(norm: nn.BatchNorm2d) -> list[tuple[Tensor, float, float]]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return [(norm.weight, 0.5, 1.5), (norm.bias, -1, 1), (norm.running_mean, -0.5, 0.5), (norm.running_var, 0.5, 1.5)]


def masked(model: Network, masks: Masks) -> Network:
    """A copy under the masks."""
    found = model.copy()
    apply_masks(found.body, masks)
    return found


def size_of(model: Network) -> int:
    """How many parameters a net has."""
    return sum(parameter.numel() for parameter in model.parameters())
