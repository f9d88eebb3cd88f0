"""A model's name, ``KIND:NAME``: made whole, and built by the library or net that it means."""

from pathlib import Path
from typing import Final

import torch

from tombola.errors import ModelError, near
from tombola.models import from_robust, from_timm, from_torchvision, robust_grid
from tombola.models.network import Network, find_head
from tombola.models.normalisers import normaliser
from tombola.models.origin import Origin
from tombola.models.own_nets import OWN, own_net, own_normaliser
from tombola.models.seeded import seeded

FORMS: Final = f"{', '.join(OWN)}, torchvision:NAME[@WEIGHTS], timm:NAME[.TAG], robust:NAME-l2-epsE, path:FILE"


def resolved(name: str) -> str:
    """The full name of a model we can build; anything else is a `ModelError` with near names."""
    kind, colon, rest = name.partition(":")
    if not colon and name in OWN:
        return name
    if colon and kind == "torchvision":
        return f"torchvision:{from_torchvision.resolved(rest)}"
    if colon and kind == "timm":
        return f"timm:{from_timm.resolved(rest)}"
    if colon and kind == "robust":
        return f"robust:{robust_grid.resolved(rest)}"
    known = [*OWN, f"torchvision:{name}", f"timm:{name}", f"robust:{name}", f"path:{name}"]
    raise ModelError(f"no such model{near(name, known)} (there are {FORMS})")


def without_weights(arch: str) -> str:
    """``arch`` as it is; a `ModelError` when it names weights of its own."""
    kind, _, rest = arch.partition(":")
    if kind == "robust":
        raise ModelError(f"names weights, which the file replaces; write arch=torchvision:{robust_grid.arch_of(rest)}")
    sign = {"torchvision": "@", "timm": "."}.get(kind)
    if sign is not None and sign in rest:
        raise ModelError(f"names weights, which the file replaces; write arch={arch.partition(sign)[0]}")
    return arch


def built(name: str, width: float, num_classes: int | None, seed: int, folder: Path | None = None) -> Network:
    """The net called ``name``; ``num_classes`` counts only where the weights are random."""
    kind, _, rest = name.partition(":")
    if kind == "torchvision":
        with seeded(seed):
            body, normalise, head = from_torchvision.build(rest, num_classes)
        random = "@" not in rest
    elif kind == "timm":
        with seeded(seed):
            body, normalise, head = from_timm.build(rest, num_classes)
        random = "." not in rest
    elif kind == "robust":
        if robust_grid.is_choice(rest):
            written = f"robust:{robust_grid.arch_of(rest)}-l2-eps3"
            raise ModelError(f"{name} leaves the eps to a task, which a study names; write an eps, as in {written}")
        with seeded(seed):
            body, normalise, head = from_robust.build(rest, folder)
        random = False
    else:
        generator = torch.Generator().manual_seed(seed)
        body = own_net(name, num_classes=num_classes or 10, width=width, generator=generator)
        normalise, head, random = normaliser(own_normaliser(name)), find_head(body), True
    origin = Origin(source={"name": name}, seed=seed if random else None)
    return Network(body, normalise, source=origin, head=head)
