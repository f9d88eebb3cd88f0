"""Small transformers and their relatives, each with a ticket's zeros and norms that do something."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.models.network import Network

SIDE: Final = 16
SIZE: Final = (3, SIDE, SIDE)


class Attending(nn.Module):
    """Attention written out: scores, a bias, softmax, values; heads from one layer, and a part of it kept as a gate."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.width = heads, width
        self.qkv, self.out = nn.Linear(width, 4 * width), nn.Linear(width, width)
        self.bias = nn.Parameter(torch.randn(heads, 1, 17))

    def forward(self, x: Tensor) -> Tensor:
        count, tokens, _ = x.shape
        q, k, v, gate = self.qkv(x).chunk(4, -1)
        q, k, v = (part.view(count, tokens, self.heads, -1).transpose(1, 2) for part in (q, k, v))
        scores = q @ k.transpose(-2, -1) / 3.0 + self.bias
        found = (scores.softmax(-1) @ v).transpose(1, 2).reshape(count, tokens, self.width)
        return self.out(found * gate)  # type: ignore[no-any-return]  # a module's call is untyped


class Encoder(nn.Module):
    """Patches and a token of their own, places, one layer of attention written out and one of torch's, tokens mixed."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.own = nn.Conv2d(3, 12, 4, 4), nn.Parameter(torch.randn(1, 1, 12))
        self.places = nn.Parameter(torch.randn(1, 17, 12))
        self.norms = nn.ModuleList([nn.LayerNorm(12) for _ in range(4)])
        self.attending, self.theirs = Attending(12, 3), nn.MultiheadAttention(12, 2, batch_first=True)
        self.wide, self.narrow, self.mix = nn.Linear(12, 20), nn.Linear(20, 12), nn.Linear(17, 17)
        self.scale, self.head = nn.Parameter(torch.rand(12)), nn.Linear(24, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.own.expand(len(x), -1, -1), x], 1) + self.places
        x = x + self.attending(self.norms[0](x))
        y = self.norms[1](x)
        x = x + self.theirs(y, y, y, need_weights=False)[0]
        x = x + self.scale * self.narrow(F.gelu(self.wide(self.norms[2](x))))
        x = x + F.gelu(self.mix(x.transpose(1, 2)), approximate="tanh").transpose(1, 2)
        x = self.norms[3](x)
        return self.head(torch.cat([x[:, 0].tanh(), x[:, 1:].mean(1)], 1))  # type: ignore[no-any-return]  # untyped


def swin() -> nn.Module:
    """Windows, shifted and not, and merged patches."""
    from torchvision.models.swin_transformer import SwinTransformer

    return SwinTransformer([2, 2], 8, [2, 1], [1, 2], [4, 4], num_classes=5)  # type: ignore[no-any-return]  # torchvision is untyped


def convnext() -> nn.Module:
    """Norms over channels between convolutions, and layers of every pixel."""
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt

    return ConvNeXt([CNBlockConfig(8, 12, 1), CNBlockConfig(12, None, 1)], num_classes=5)  # type: ignore[no-any-return]  # torchvision is untyped


def vit() -> nn.Module:
    """torchvision's vit_b_16 at toy size."""
    from torchvision.models.vision_transformer import VisionTransformer

    return VisionTransformer(SIDE, 4, 2, 2, 8, 16, num_classes=5)  # type: ignore[no-any-return]  # torchvision is untyped


class Shuffled(nn.Module):
    """Channels that change places, as in ShuffleNet."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.conv, self.head = nn.Conv2d(3, 8, 3, 2), nn.Conv2d(4, 4, 3), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x.view(len(x), 2, 4, *x.shape[2:]).transpose(1, 2).flatten(1, 2)
        first, second = x.chunk(2, 1)
        return self.head(torch.cat([first[:, :, 1:-1, 1:-1], self.conv(second)], 1).mean((2, 3)))  # type: ignore[no-any-return]  # untyped


NETS: Final[dict[str, Callable[[], nn.Module]]] = {
    "encoder": Encoder,
    "vit": vit,
    "swin": swin,
    "convnext": convnext,
    "shuffled": Shuffled,
}


def network(name: str) -> Network:
    """One of `NETS`: 40 % of the linear layers' weights in stripes of four, norms and other vectors at random."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = NETS[name]().eval()
        for module in body.modules():
            if isinstance(module, nn.LayerNorm):
                nn.init.normal_(module.weight, 1.0, 0.3)
                nn.init.normal_(module.bias, 0.0, 0.3)
            elif isinstance(module, nn.Linear):
                kept = torch.rand(-(-module.out_features // 4), module.in_features) < 0.4
                module.weight.data *= kept.repeat_interleave(4, 0)[: module.out_features]
        for parameter in body.parameters():
            if not parameter.any():
                nn.init.normal_(parameter)
    return Network(body, source=name, head=None if name != "encoder" else "head")
