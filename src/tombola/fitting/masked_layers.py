"""A body whose weights are frozen and whose masks are learned: its network is trained by the loop like any other.

The body's prunable weights are, at any moment, the frozen weights with the masks of the present scores put in: plain
parameters, so attacks, folding, validation and compilation see an ordinary masked network. The masks are found once
after each step of the optimizer, not once a forward. Only where scores ask for gradients does a forward put in tensors
that lead back to them: a group's score gets the sum over its weights of dL/dw x w, w being the frozen weight, whether
the group is kept or not (straight through). So a score's gradient is that of a factor on its group.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch._compile import _disable_dynamo  # torch.compiler.disable would load the compiler, seconds, with this file
from torch.func import functional_call

from tombola.masks.enforce import Enforces
from tombola.masks.learning.cut import one_number
from tombola.masks.learning.following import Following, Scores
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Grouping
from tombola.models.network import Network


def learning(
    model: Network, scores: Scores, following: Following, groupings: Mapping[str, Grouping], *, train_head: bool
) -> Network:
    """A copy of ``model`` of which only the scores are trained, and the head where ``train_head`` says so.

    ``scores`` has one number a group for each weight of the body that is masked; they are copied. What is not masked
    stays as it is too, but for the statistics of batch norms in training mode.
    """
    own = model.copy().requires_grad_(requires_grad=False)
    own.head.requires_grad_(requires_grad=train_head)
    body = MaskedLayers(own.body, scores, following, groupings)
    return Network(body, own.normalise, source=own.origin, head=f"inner.{own.head_name}")


def masked_layers(network: Network) -> "MaskedLayers":
    """The body of a network that `learning` made."""
    assert isinstance(network.body, MaskedLayers)
    return network.body


def unmasked(network: Network) -> Network:
    """A network of its own with the frozen weights of one that learns, and head and statistics as they are now."""
    layers = masked_layers(network)
    head = network.head_name.removeprefix("inner.")
    plain = Network(layers.inner, network.normalise, source=network.origin, head=head).copy()
    layers.write_dense(plain.body)
    return plain


@final
class MaskedLayers(nn.Module, Enforces):
    """A body whose weights are frozen and whose masks are learned. It takes the body given over."""

    def __init__(
        self, body: nn.Module, scores: Scores, following: Following, groupings: Mapping[str, Grouping]
    ) -> None:
        super().__init__()
        self.inner = body
        weights = dict(body.named_parameters())
        self.scores = nn.ParameterList([nn.Parameter(scores[name].detach().clone()) for name in scores])
        self.dense = nn.ParameterList([_frozen(weights[name]) for name in scores])
        self._following = following
        # Held outside the module's own attributes: tracing a forward must not see a score read.
        self._links = [
            _Link(name, self.scores[place], self.dense[place], weights[name], grouping, one_number(grouping.sizes))
            for place, (name, grouping) in enumerate((name, groupings[name]) for name in scores)
        ]
        self._seen: tuple[int, ...] = ()
        self.enforce()

    def forward(self, x: Any, **more: Any) -> Any:
        self._keep_up()
        if not (torch.is_grad_enabled() and self._links[0].score.requires_grad):
            return self.inner(x, **more)
        return functional_call(self.inner, self._leading_back(), (x,), more)

    def drop_gradients(self) -> None:
        """Nothing to drop: weights are frozen, and scores of dropped groups are trained (straight through)."""

    @torch.no_grad()
    def enforce(self) -> None:
        """The body's weights are the frozen ones under the masks of the present scores; called after every step."""
        kept = self._following.kept({link.name: link.score for link in self._links})
        for link in self._links:
            link.put_in(kept[link.name])
        self._seen = self._versions()

    def masks(self) -> Masks:
        """The masks of the present scores."""
        kept = self._following.kept({link.name: link.score for link in self._links})
        return Masks({link.name: link.grouping.expand(kept[link.name]) for link in self._links})

    @torch.no_grad()
    def write_dense(self, body: nn.Module) -> None:
        """Put the frozen weights into another body of the same names."""
        weights = dict(body.named_parameters())
        for link in self._links:
            weights[link.name].copy_(link.dense)

    def _versions(self) -> tuple[int, ...]:
        return tuple(link.score._version for link in self._links)

    @_disable_dynamo
    def _keep_up(self) -> None:
        """After anything else than a step wrote the scores: a checkpoint, an average."""
        if self._seen != self._versions():
            self.enforce()

    @_disable_dynamo
    def _leading_back(self) -> dict[str, Tensor]:
        return {link.name: _Straight.apply(link.score, link) for link in self._links}


@dataclass(frozen=True, eq=False)
class _Link:
    """One masked weight: its scores, its frozen values, and the parameter of the body that the masked ones are in."""

    name: str
    score: Tensor
    dense: Tensor
    masked: Tensor
    grouping: Grouping
    size: int | Tensor

    def put_in(self, kept: Tensor) -> None:
        """The weights of the groups that are kept; the others are 0."""
        torch.where(self.grouping.expand(kept), self.dense, self.dense.new_zeros(()), out=self.masked)

    def gradient(self, of_weight: Tensor) -> Tensor:
        """Of the scores, from the masked weight's: the sum over each group of gradient x frozen weight."""
        means = self.grouping.means(of_weight * self.dense)
        if isinstance(self.size, Tensor):
            return means * self.size.to(means.device)
        return means if self.size == 1 else means * self.size


class _Straight(torch.autograd.Function):
    """The masked weight as a function of the scores, with the gradient of scores that multiply their groups."""

    @staticmethod
    def forward(ctx: Any, score: Tensor, link: _Link) -> Tensor:  # noqa: ARG004  what the gradient is of
        ctx.link = link
        return link.masked.detach()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.link.gradient(gradient).to(ctx.link.score.dtype), None


def _frozen(weight: Tensor) -> nn.Parameter:
    return nn.Parameter(weight.detach().clone(), requires_grad=False)
