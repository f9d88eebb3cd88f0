"""What a network is to be shown, as its first layer and its body say; and batches of that."""

from inspect import signature
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from tombola.batch import Batch
from tombola.errors import RequestError
from tombola.models.embeddings import places_of, table_of
from tombola.models.image_size import shipped_size
from tombola.models.network import Network
from tombola.shown import MASK, TYPES, Arrays, Shown, ShownImages, ShownTexts

LENGTH: Final = 64
"""Tokens of a text where nobody said."""

_BESIDE: Final = (MASK, TYPES)


def shown_to(network: Network, *, side: int | None = None, length: int | None = None) -> Shown:
    """What a network that is to leave is shown: as it was adapted with, where neither side nor length is given.

    Raises `RequestError` for a side of texts, a length of images, and a length that the net has no places for.
    """
    if network.normalise.READS == "texts":
        if side is not None:
            raise RequestError(f"size={side} is the side of images, and {network.source} reads texts; leave it out")
        return _texts(network, length)
    if length is not None:
        raise RequestError(f"length={length} is of texts, and {network.source} reads images; leave it out")
    return ShownImages(shipped_size(network, side))


def drawn(shown: Shown, batch: int, generator: torch.Generator) -> Batch:
    """So many random samples; their targets say nothing."""
    if isinstance(shown, ShownImages):
        return batch_of({"images": torch.rand(batch, *shown.size, generator=generator)})
    seed = int(torch.randint(2**31, (1,), generator=generator))
    arrays = shown.drawn(batch, np.random.default_rng(seed))
    return batch_of({name: torch.from_numpy(array) for name, array in arrays.items()})


def batch_of(inputs: dict[str, Tensor]) -> Batch:
    """Inputs by the names of `Shown` as a network takes them; their targets say nothing."""
    (_, x), *beside = inputs.items()
    return Batch(x, torch.zeros(len(x), dtype=torch.int64), dict(beside))


def arrays_of(shown: Shown, batch: Batch) -> Arrays:
    """A batch as files and engines take it."""
    return {name: (batch.more[name] if place else batch.x).numpy() for place, name in enumerate(shown.names)}


def _texts(network: Network, length: int | None) -> ShownTexts:
    table, places = table_of(network.body), places_of(network.body)
    most = None if places is None else places - network.normalise.inserted
    if length is not None and most is not None and length > most:
        raise RequestError(f"length={length}: {network.source} takes texts of {most} tokens at most")
    asked = length or _adapted_to(network) or LENGTH
    shown = ShownTexts(asked, table.num_embeddings, table.padding_idx or 0, _beside(network.body), most)
    return shown.at(asked)


def _adapted_to(network: Network) -> int | None:
    """The most tokens of the texts that a network was adapted to."""
    found = None if network.adapted is None else network.adapted.of_data("length")
    return found if isinstance(found, int) else None


def _beside(body: nn.Module) -> tuple[str, ...]:
    """What a body takes beside ids: as it says itself (``takes``), or as its forward names its arguments."""
    said: object = getattr(body, "takes", None)
    takes = said if isinstance(said, tuple) else tuple(signature(body.forward).parameters)
    return tuple(name for name in _BESIDE if name in takes)
