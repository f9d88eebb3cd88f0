"""What every input keeps: ids or pixels and what stands for them are one, and only what it says can move moves."""

import torch
from torch import Tensor, nn

from tombola.models.digest import weights_digest
from tombola.models.heads._base import Reads, ShowsTokens
from tombola.models.inputs._base import Input, InputLayer
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network

from .faults import Fault, Method, gives, luck
from .room import Check, finite, rng

BATCH = 2
LENGTH = 5


class Bag(nn.Module):
    """The mean of a text's embeddings, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(12, 4)
        self.out = nn.Linear(4, 3)

    def forward(self, ids: Tensor, attention_mask: Tensor) -> Tensor:
        words = self.table(ids) * attention_mask[..., None]
        found: Tensor = self.out(words.sum(1) / attention_mask.sum(1, keepdim=True))
        return found


class Telling(ShowsTokens):
    """At each token the mean of the embeddings up to there, and a logit a word."""

    reads: Reads = "tokens"

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(12, 4)
        self.out = nn.Linear(4, 12)

    def forward(self, ids: Tensor, attention_mask: Tensor, at: Tensor) -> Tensor:
        words = (self.table(ids) * attention_mask[..., None]).cumsum(1)
        found: Tensor = self.out(words.gather(1, at[..., None].expand(-1, -1, 4)))
        return found


def network(member: Input) -> tuple[Network, Tensor, dict[str, Tensor]]:
    """A network with the input before it, a batch's x, and what stands beside it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        image, text = (
            nn.Sequential(nn.Flatten(), nn.LazyLinear(3)),
            Telling() if member.HEAD_READS == "tokens" else Bag(),
        )
        layer = member.layer(text, generator=rng())
        if layer.bounds == Normalise.bounds:
            x = torch.rand(BATCH, layer.mean.numel() if isinstance(layer, Normalise) else 3, 4, 4)
            image(x)
            return Network(image, layer, source="toy"), x, {}
    ids = torch.arange(BATCH * LENGTH).view(BATCH, LENGTH)
    return Network(text, layer, source="toy"), ids, {"attention_mask": torch.ones(BATCH, LENGTH)}


def what_moves_stands_for_what_was_given(member: Input) -> None:
    model, x, more = network(member)
    moving = model.normalise.continuous(model.body, x)
    assert moving.is_floating_point()
    low, high = model.normalise.bounds
    assert bool(((moving >= low) & (moving <= high)).all())
    torch.testing.assert_close(model(moving, **more), model(x, **more))


def answers_follow_what_moves(member: Input) -> None:
    model, x, more = network(member)
    moving = model.normalise.continuous(model.body, x).detach().requires_grad_()
    outputs = model(moving, **more)
    finite(outputs)
    (gradient,) = torch.autograd.grad(outputs.square().sum(), moving)
    assert bool(gradient.flatten(1).abs().sum(1).gt(0).all())


def it_is_made_from_the_generator(member: Input) -> None:
    body = network(member)[0].body
    before, drawn = weights_digest(body), torch.get_rng_state()
    layers = [member.layer(body, generator=rng()) for _ in range(2)] if isinstance(body, Bag | Telling) else []
    assert weights_digest(body) == before
    assert torch.equal(torch.get_rng_state(), drawn)
    assert len({weights_digest(layer) for layer in layers}) <= 1
    assert all(isinstance(layer, InputLayer) for layer in layers)


def a_copy_reads_alike_and_shares_nothing(member: Input) -> None:
    model, x, more = network(member)
    twin, before = model.copy(), model(x, **more)
    assert torch.equal(twin(x, **more), before)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    assert torch.equal(model(x, **more), before)


CHECKS: tuple[Check, ...] = (
    what_moves_stands_for_what_was_given,
    answers_follow_what_moves,
    it_is_made_from_the_generator,
    a_copy_reads_alike_and_shares_nothing,
)


def _shifted(method: Method) -> Method:
    def broken(self: Input, body: nn.Module, **options: object) -> InputLayer:
        layer: InputLayer = method(self, body, **options)
        given = layer.continuous
        layer.continuous = lambda body, x: given(body, x) + 0.1  # type: ignore[method-assign]  # broken on purpose
        return layer

    return broken


def _by_chance(layer: InputLayer) -> InputLayer:
    layer.register_buffer("noise", luck(torch.zeros(1)))
    return layer


FAULTS: tuple[Fault, ...] = (
    Fault("moves what it stands for", "tokens", "layer", _shifted, what_moves_stands_for_what_was_given),
    Fault("draws from elsewhere", "prompt", "layer", gives(_by_chance), it_is_made_from_the_generator),
)
