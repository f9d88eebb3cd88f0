"""`initialised`: a network whose layers begin anew, as their classes begin, from a seed of ours."""

from torch import nn

from tombola.models.network import Network
from tombola.models.seeded import seeded


def initialised(model: Network, *, seed: int) -> tuple[Network, tuple[str, ...]]:
    """A copy with every layer but the head begun anew, and the names of parameters that no layer knows how to begin.

    A layer begins as its own ``reset_parameters`` says (torch's defaults, not the net's own recipe): batch norm at
    scale 1, shift 0, mean 0 and variance 1. The parameters named are as they were. Nothing given is changed.
    """
    fresh = model.copy().cpu()
    with seeded(seed):
        for module in fresh.body.modules():
            if module is not fresh.head and _can_begin(module):
                module.reset_parameters()  # type: ignore[operator]  # callable, as was just asked
    return fresh, tuple(_without_a_beginning(fresh))


def _can_begin(module: nn.Module) -> bool:
    return callable(getattr(module, "reset_parameters", None))


def _without_a_beginning(network: Network) -> list[str]:
    return [
        f"{prefix}.{name}".removeprefix(".")
        for prefix, module in network.body.named_modules()
        if not _can_begin(module)
        for name, _ in module.named_parameters(recurse=False)
    ]
