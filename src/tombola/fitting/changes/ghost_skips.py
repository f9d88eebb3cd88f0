"""Ghost skips: a short way around every 3x3 convolution, which fades out and is gone well before the end.

What: y = BN(conv(x)) + alpha g(x), alpha falling evenly from 1 to 0 until ``end`` of the training. There the ways are
  taken out, and the net is a plain one again, with the weights that it had without them. ``kind=conv``: g is a 1x1
  convolution, which begins at 1e-4 everywhere, and a batch norm of its own, as released. ``kind=free``: g adds no
  weights (the mean of each stride's pixels, missing channels zero) and stands inside the norm, BN(conv(x) +
  alpha g(x)). Outside of it each layer would add its input once more: the signal doubles layer by layer and diverges.
When: a sparse network is trained from random weights, where gradients hardly reach the first layers (ToST). Not proven
  here: over six epochs nothing could be measured. What validation chose before they are gone is forgotten there.
Cost: while they are there, a ninth of each such convolution and a batch norm, and their weights and momenta; ``free``
  an addition.
Options: ``kind``, conv or free; ``end``, a part of the training. They stand around 3x3 convolutions whose output a
  batch norm reads, the first convolution and grouped ones aside, in bottlenecks too (the released code has none there);
  a net without any is refused. With ``bn=frozen`` those of ``kind=conv`` would have no statistics: refused as well.
Reference: Jaiswal et al., "Training Your Sparse Neural Network Better with Any Mask" (ToST), ICML 2022, arXiv
  2206.12755. The released code keeps them to the end; the paper says "early stage": the fading is ours.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.errors import RequestError
from tombola.fitting.changes._aids import Aid, Aided, Aiding
from tombola.fitting.changes._base import Change, Changing, Given
from tombola.fitting.changes._seen import conv_norms
from tombola.models.network import Network
from tombola.objectives._base import Progress
from tombola.registry import Examples
from tombola.spec import option

_NAME: Final = "ghost"
_FIRST: Final = 1e-4


@final
class GhostSkips(Change):
    """Short ways that fade."""

    ARGUMENT: ClassVar[str | None] = "kind"
    EXAMPLES: ClassVar[Examples] = ({}, {"kind": "free", "end": 0.3})

    kind: Literal["conv", "free"] = option("conv", "what stands there: conv (1x1, batch norm), free (no weights)")
    end: float = option(0.4, "when they are gone, as a part of the training", gt=0, le=0.7)

    def alpha(self, progress: Progress) -> float | None:
        """Before a step; None where they are gone."""
        way = progress.step / (self.end * progress.steps)
        return 1 - way if way < 1 else None

    @property
    def stands_until(self) -> float:
        return self.end

    def begin(self, given: Given) -> Changing:
        around = _around(given, free=self.kind == "free")
        if not around:
            raise RequestError(
                f"ghost_skips: {type(given.network.body).__name__} ({given.network.source}) has no 3x3 convolution with"
                " a batch norm behind it, so there is no place for them; leave the change out"
            )
        return Aiding(Ghosts(self, around))


class Ghost(Aid):
    """A 1x1 convolution and a batch norm around a convolution and its norm.

    It sees what enters the one, and adds to what leaves the other. Its weight is called otherwise than a layer's, so
    that no rule prunes it.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.full((conv.out_channels, conv.in_channels, 1, 1), _FIRST))
        self.norm = nn.BatchNorm2d(conv.out_channels)
        self._stride = conv.stride
        self._entered: Tensor | None = None

    def see(self, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._entered = inputs[0]

    def add(self, layer: nn.Module, inputs: object, output: Tensor) -> Tensor:
        x, self._entered = self._entered, None
        assert x is not None
        # By hand: on CPUs torch 2.15 writes past its memory in a strided 1x1 convolution of few channels-last maps.
        down, across = self._stride
        way: Tensor = self.norm(F.conv2d(x[:, :, ::down, ::across], self.mix))
        return _faded(output, self.amount, way)


class FreeGhost(Aid):
    """A convolution's input beside its output, of fewer pixels and more channels where it has to be."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self._stride = conv.stride
        self._more = conv.out_channels - conv.in_channels

    def add(self, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return _faded(output, self.amount, self.way(inputs[0]))

    def way(self, x: Tensor) -> Tensor:
        """The input as it is added: itself where neither size changes."""
        small = x if set(self._stride) == {1} else F.avg_pool2d(x, self._stride, self._stride, ceil_mode=True)
        return F.pad(small, (0, 0, 0, 0, 0, self._more)) if self._more else small


def _faded(output: Tensor, amount: Tensor, way: Tensor) -> Tensor:
    """output + amount * way in one pass."""
    return torch.addcmul(output, amount.to(way.dtype), way)


@final
class Ghosts(Aided):
    """A ghost around each of these convolutions; the names of their norms stand beside theirs."""

    def __init__(self, options: GhostSkips, around: Mapping[str, str]) -> None:
        self._options: Final = options
        self._around: Final = around

    def amount(self, progress: Progress) -> float | None:
        return self._options.alpha(progress)

    def put_in(self, network: Network) -> None:
        for name, norm_name in self._around.items():
            conv, norm = network.body.get_submodule(name), network.body.get_submodule(norm_name)
            assert isinstance(conv, nn.Conv2d)
            self._require_trained(name, conv, norm)
            ghost = FreeGhost(conv) if self._options.kind == "free" else Ghost(conv)
            conv.add_module(_NAME, ghost.to(conv.weight.device).train(conv.training))
            # Bound methods: a copy of the network has its own.
            if isinstance(ghost, Ghost):
                conv.register_forward_pre_hook(ghost.see)
                norm.register_forward_hook(ghost.add)
            else:
                conv.register_forward_hook(ghost.add)

    def take_out(self, network: Network) -> None:
        for module in list(network.body.modules()):
            for hooks in (module._forward_pre_hooks, module._forward_hooks):
                for key in [key for key, hook in hooks.items() if _of_a_ghost(hook)]:
                    del hooks[key]
            if isinstance(module._modules.get(_NAME), Ghost | FreeGhost):
                del module._modules[_NAME]

    def found(self, network: Network) -> Sequence[Aid]:
        return [module for module in network.body.modules() if isinstance(module, Ghost | FreeGhost)]

    def _require_trained(self, name: str, conv: nn.Conv2d, norm: nn.Module) -> None:
        if self._options.kind == "free" or (conv.weight.requires_grad and (norm.training or not conv.training)):
            return
        raise RequestError(
            f"ghost_skips: {name!r} is not trained, or its batch norm is frozen, and a ghost would bring neither"
            " weights nor statistics; write kind=free, or leave the change out"
        )


def _around(given: Given, *, free: bool) -> dict[str, str]:
    """The norms that read 3x3 convolutions, by these; the first convolution of all is none of them."""
    body = given.network.body
    convs = {name: module for name, module in body.named_modules() if isinstance(module, nn.Conv2d)}
    first = next(iter(convs), "")
    return {
        name: norm
        for name, norm in conv_norms(given).items()
        if name != first and _fits(convs[name]) and (not free or convs[name].out_channels >= convs[name].in_channels)
    }


def _fits(conv: nn.Conv2d) -> bool:
    return conv.kernel_size == (3, 3) and conv.padding == (1, 1) and conv.dilation == (1, 1) and conv.groups == 1


def _of_a_ghost(hook: Any) -> bool:
    return isinstance(getattr(hook, "__self__", None), Ghost | FreeGhost)
