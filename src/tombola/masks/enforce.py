"""Masks on a module: pruned weights made exactly +0.0, once or after every optimizer step, and without gradients.

The mask is filled in after the step, on plain weights, so momentum, weight decay, Adam's moments and any precision may
do what they like: a pruned weight is exactly +0.0 again before anybody reads it. Its bits are cleared, not multiplied:
a product would leave -0.0 where the weight was negative, and NaN where it was infinite. Clearing bits by a mask of
whole words costs what reading and writing the weights does, a third of filling by booleans.

What a backward says of a pruned weight is not the gradient of anything that is trained. It changes no weight, but it
would count wherever all gradients are looked at together, as in their norm: at 98 % sparsity most of it is theirs.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, Final, final

import torch
from torch import Tensor, nn

from tombola.errors import MaskError, near
from tombola.masks.masks import Masks

_WORDS: Final = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Whole numbers by their bytes, to see a number's bits."""


@torch.no_grad()
def apply_masks(module: nn.Module, masks: Masks) -> None:
    """The pruned entries of ``module``'s parameters are exactly +0.0; kept entries and gradients are as they were."""
    for _, parameter, kept in _matched(module, masks):
        _clear(parameter, kept)


class Enforces(ABC):
    """Keeps weights as masks say while they are trained."""

    @abstractmethod
    def drop_gradients(self) -> None:
        """Called after the backward, where gradients are clipped or looked at."""

    @abstractmethod
    def enforce(self) -> None:
        """Called after every step of the optimizer, before anybody reads the weights."""


@final
class Enforcer(Enforces):
    """Keeps a module's pruned weights at +0.0: `attach` it to the optimizer, or call `enforce` after every step.

    Then call `drop_gradients` too, after the backward, where gradients are clipped or looked at.

    Make it once the module is on its device; an averaged copy (EMA) of the module wants an enforcer of its own.
    """

    def __init__(self, module: nn.Module, masks: Masks) -> None:
        self._matched = _matched(module, masks)

    @torch.no_grad()
    def drop_gradients(self) -> None:
        """Pruned weights have gradient 0, so momenta of theirs stay 0 too. In place, allocates nothing."""
        for _, parameter, kept in self._matched:
            if parameter.grad is not None:
                _clear(parameter.grad, kept)

    @torch.no_grad()
    def enforce(self) -> None:
        """Pruned weights are +0.0 again. In place, allocates nothing."""
        for _, parameter, kept in self._matched:
            _clear(parameter, kept)

    def attach(self, optimizer: torch.optim.Optimizer) -> Callable[[], None]:
        """From now on every step of ``optimizer`` keeps the masks, and gradients of pruned weights are 0 as they come.

        So a loop needs no other call, and whoever clips gradients counts those of weights that are there. Optimizers
        that ``accelerate`` prepared are taken too. What is returned ends it.
        """
        inner = getattr(optimizer, "optimizer", optimizer)
        handles = [inner.register_step_post_hook(lambda *_: self.enforce())]
        for _, parameter, kept in self._matched:
            if parameter.requires_grad:
                hooked: Any = parameter  # torch does not say what this method takes
                handles.append(hooked.register_post_accumulate_grad_hook(partial(_drop_gradient, kept=kept)))
        self.enforce()

        def end() -> None:
            for handle in handles:
                handle.remove()

        return end

    @torch.no_grad()
    def check(self) -> None:
        """Raises `MaskError` naming the first tensor with a pruned weight that is not exactly +0.0."""
        for name, parameter, kept in self._matched:
            wrong = (kept == 0) & ((parameter != 0) | torch.signbit(parameter))
            if count := int(wrong.count_nonzero()):
                raise MaskError(
                    f"{count} of the pruned weights of {name!r} are not +0.0;"
                    " call enforce() after every optimizer step, before the weights are read"
                )


def _matched(module: nn.Module, masks: Masks) -> list[tuple[str, nn.Parameter, Tensor]]:
    """(name, parameter, words of ones where kept and of zeros where pruned), these laid out as the parameter is."""
    parameters = dict(module.named_parameters(remove_duplicate=False))
    matched: list[tuple[str, nn.Parameter, Tensor]] = []
    for name, mask in masks.items():
        if name not in parameters:
            raise MaskError(f"{type(module).__name__} has no parameter {name!r}{near(name, list(parameters))}")
        parameter = parameters[name]
        if parameter.shape != mask.shape:
            raise MaskError(
                f"the mask of {name!r} is {tuple(mask.shape)}, the parameter is {tuple(parameter.shape)};"
                " draw the masks from this model, or load the model they were drawn from"
            )
        kept = torch.empty_like(parameter, dtype=_WORDS[parameter.element_size()], requires_grad=False)
        matched.append((name, parameter, kept.copy_(mask).neg_()))  # -1 has all bits set
    return matched


@torch.no_grad()
def _drop_gradient(parameter: Tensor, *, kept: Tensor) -> None:
    """In place, 0 where the parameter is pruned."""
    if parameter.grad is not None:
        _clear(parameter.grad, kept)


def _clear(tensor: Tensor, kept: Tensor) -> None:
    """In place, +0.0 where ``kept`` has no bits; the rest keeps its own, those of NaN included."""
    tensor.view(kept.dtype).bitwise_and_(kept)
