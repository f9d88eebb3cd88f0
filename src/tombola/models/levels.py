"""`Levels`: maps of several strides out of one convolutional body, found by looking at what its layers give.

A stage ends where the next layer makes the maps smaller. Looked at are layers on the body's trunk: what lies inside a
layer that makes maps smaller itself, as the first half of a strided block, is no stage's end. Nothing is renamed and
nothing changed: while an image goes through, the layers named say what they gave.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from tombola.errors import ModelError

MOST: Final = 3  # the last stage and two finer ones


@dataclass(frozen=True)
class Levels:
    """Layers by whose outputs the finer maps are known, and how many channels all maps have, the last stage's last."""

    names: tuple[str, ...]
    channels: tuple[int, ...]

    def seen(self, body: nn.Module, maps: Callable[[Any, Tensor], Tensor], x: Tensor) -> tuple[Tensor, ...]:
        """The maps, the finest first, the last stage's last."""
        with _watched({name: body.get_submodule(name) for name in self.names}) as found:
            last = maps(body, x)
        return (*(found[name][-1][1] for name in self.names), last)


@torch.no_grad()
def levels_of(body: nn.Module, maps: Callable[[Any, Tensor], Tensor], image: Tensor) -> Levels:
    """The last stage's maps, and those of half and a quarter of its stride where there are any.

    Raises `ModelError` where there is no finer one. ``image`` is a square one; modes are as they were.
    """
    with _watched({name: module for name, module in body.named_modules() if name}) as found:
        last = maps(body, image)
    side = image.shape[-1]
    stride = side // last.shape[-1]
    at = {
        name: (_stride(gone[0][0], side), _stride(gone[0][1], side)) for name, gone in found.items() if len(gone) == 1
    }
    picked: dict[int, str] = {}
    for name, (_, gives) in at.items():  # in the order in which they were done
        if gives < stride and gives * 2 ** (MOST - 1) >= stride and _on_trunk(name, gives, at):
            picked[gives] = name
    if not picked:
        raise ModelError(
            f"{type(body).__name__} has no maps finer than its last stage's, 1 place to {stride} pixels, for a head"
            " that reads several; take a net of stages, such as torchvision:resnet18 or timm:efficientnet_lite0"
        )
    names = tuple(picked[gives] for gives in sorted(picked))
    return Levels(names, (*(found[name][0][1].shape[1] for name in names), last.shape[1]))


def _on_trunk(name: str, gives: int, at: dict[str, tuple[int, int]]) -> bool:
    """Whether every layer around it begins with finer maps than it gives and ends with coarser ones, or is the body."""
    parts = name.split(".")
    around = [at[outer] for depth in range(1, len(parts)) if (outer := ".".join(parts[:depth])) in at]
    return gives > 0 and all(takes < gives < ends for takes, ends in around)


def _stride(maps: object, side: int) -> int:
    """Pixels of the image to a place; 0 of what is no map."""
    whole = isinstance(maps, Tensor) and maps.ndim == 4 and maps.shape[2] == maps.shape[3] and maps.shape[3] > 0
    return side // maps.shape[3] if isinstance(maps, Tensor) and whole else 0


@contextmanager
def _watched(modules: dict[str, nn.Module]) -> Iterator[dict[str, list[tuple[Any, Any]]]]:
    """Inside, what each module took first and what it gave, at each of its calls; modules in the order they ended."""
    found: dict[str, list[tuple[Any, Any]]] = {}

    def watch(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def told(_module: nn.Module, taken: Any, given: Any) -> None:
            found.setdefault(name, []).append((taken[0] if taken else None, given))

        return told

    handles = [module.register_forward_hook(watch(name)) for name, module in modules.items()]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
