"""Small tickets and nets that the ticket tests share."""

import torch
from torch import Tensor, nn

from tombola.masks.masks import Masks
from tombola.tickets.ticket import Lineage, Ticket

LINEAGE = Lineage(
    model="resnet8",
    weights_digest="5" * 64,
    scheme={"name": "omp", "sparsity": 0.75},
    sparsity=0.75,
    prunable="double_win",
    seeds={"draw": 3},
    versions={"tombola": "0.1.0"},
    extra={"note": "ü"},
)


class Net(nn.Module):
    """A convolution, batch norm and a head: every kind of state."""

    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, classes)


def net(seed: int = 0, classes: int = 5) -> Net:
    """A net whose every value, batch norm statistics included, comes from the seed by whole-number arithmetic."""
    made = Net(classes)
    with torch.no_grad():
        for place, value in enumerate(made.state_dict().values()):
            drawn = (torch.arange(value.numel()) * 7919 + 104_729 * (place + seed)) % 2003 - 1001
            value.copy_(drawn.reshape(value.shape) / 256)
    return made


def masks(body: nn.Module, names: tuple[str, ...] = ("conv.weight", "head.weight")) -> Masks:
    """Every fourth weight of some tensors is kept."""
    return Masks({name: _every_fourth(body.state_dict()[name]) for name in names})


def ticket(*, keep_values: bool, seed: int = 0) -> Ticket:
    """A ticket of a small net."""
    body = net(seed)
    return Ticket.of(body, masks(body), LINEAGE, keep_values=keep_values)


def same_bits(left: Tensor, right: Tensor) -> bool:
    """Equal to the last bit: NaN equals the same NaN, -0.0 is not +0.0."""
    if left.dtype != right.dtype or left.shape != right.shape:
        return False
    return left.reshape(-1).view(torch.uint8).tolist() == right.reshape(-1).view(torch.uint8).tolist()


def _every_fourth(value: Tensor) -> Tensor:
    return (torch.arange(value.numel()) * 7 % 4 == 0).reshape(value.shape)
