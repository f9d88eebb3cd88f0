"""How large the images are that a net is made for."""

from typing import Final

from tombola.models.network import Network
from tombola.models.own_names import OWN

OWN_SIDE: Final = 32
SIDE: Final = 224


def image_size(network: Network, side: int | None = None) -> tuple[int, int, int]:
    """Channels, height and width of the images: squares of ``side``, or of what the net was made for.

    Our own nets are made for 32 pixels; timm's say their size; every other net is taken to be for 224.
    """
    channels = network.pixels.mean.numel()
    found = side or _side(network)
    return (channels, found, found)


def shipped_size(network: Network, side: int | None = None) -> tuple[int, int, int]:
    """The same of a network that is to leave: of the images it was adapted with, where no ``side`` is given."""
    if network.adapted is None:
        return image_size(network, side)
    ready = network.adapted.preprocessing
    if side is None and ready.shape is not None:
        return (network.pixels.mean.numel(), *ready.shape)
    return image_size(network, side or ready.size)


def _side(network: Network) -> int:
    config = getattr(network.body, "pretrained_cfg", None) or {}
    said = config.get("input_size") if isinstance(config, dict) else None
    if said is not None:
        return int(said[-1])
    return OWN_SIDE if network.origin.bare in OWN else SIDE
