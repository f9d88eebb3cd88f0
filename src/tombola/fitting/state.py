"""The state of a training as named tensors, and back: weights, optimizer, average and best, each under its folder."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def under(tensors: Mapping[str, Tensor], folder: str) -> dict[str, Tensor]:
    """The tensors named ``folder/...``, without the folder."""
    start = folder + "/"
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def filed(tensors: Mapping[str, Tensor], folder: str) -> dict[str, Tensor]:
    """The inverse of `under`."""
    return {f"{folder}/{name}": tensor for name, tensor in tensors.items()}


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies that share no memory with what is trained on."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


@torch.no_grad()
def load(network: nn.Module, values: Mapping[str, Tensor]) -> None:
    """Write ``values`` into the network's own tensors, which stay where and how they lie in memory."""
    for name, tensor in network.state_dict().items():
        tensor.copy_(values[name])


def trained(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    """The parameters an optimizer changes, in its order."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def optimizer_state(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Momenta and counters, named by the parameter's place: ``3/momentum_buffer``."""
    return {
        f"{place}/{name}": torch.as_tensor(value)
        for place, parameter in enumerate(trained(optimizer))
        for name, value in optimizer.state[parameter].items()
        if value is not None
    }


def alike(network: nn.Module, tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are the names and shapes of a network's state."""
    own = {name: tensor.shape for name, tensor in network.state_dict().items()}
    return own == {name: tensor.shape for name, tensor in tensors.items()}


def names_of(network: nn.Module) -> dict[Tensor, str]:
    """The names of a network's parameters, by the parameters themselves."""
    return {parameter: name for name, parameter in network.named_parameters()}


@torch.no_grad()
def carry_optimizer(
    before: torch.optim.Optimizer,
    names: Mapping[Tensor, str],
    optimizer: torch.optim.Optimizer,
    network: nn.Module,
    kept: Mapping[str, Tensor],
) -> None:
    """Give a fresh optimizer of a changed network what another one holds of tensors of the same names.

    ``names`` are those of the other network's parameters; of what ``kept`` says became smaller, momenta are cut alike.
    What it holds nothing of begins at 0: an optimizer's momenta are there for all of its tensors or for none.
    """
    held = {names[parameter]: before.state[parameter] for parameter in trained(before) if parameter in names}
    entries = {entry: value for state in held.values() for entry, value in state.items() if value is not None}
    own, stored = names_of(network), {}
    for place, parameter in enumerate(trained(optimizer)):
        name = own.get(parameter, "")
        for entry, like in entries.items():
            value = held.get(name, {}).get(entry)
            stored[f"{place}/{entry}"] = _cut(value, torch.as_tensor(like), parameter, kept.get(name))
    restore_optimizer(optimizer, stored)


def _cut(held: object, like: Tensor, parameter: nn.Parameter, kept: Tensor | None) -> Tensor:
    """What is left of a momentum or a counter; 0 where there is no telling."""
    value = torch.as_tensor(0.0 if held is None else held)
    if like.dim() == 0 or value.shape == parameter.shape:
        return value.to(like.dtype)
    if kept is None or value.dim() == 0:
        return torch.zeros_like(parameter, dtype=like.dtype)
    return value.reshape(-1)[kept.to(value.device)]


@torch.no_grad()
def restore_optimizer(optimizer: torch.optim.Optimizer, stored: Mapping[str, Tensor]) -> None:
    """Give a fresh optimizer the stored momenta and counters."""
    parameters = trained(optimizer)
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in stored.items():
        place, _, entry = name.partition("/")
        state.setdefault(int(place), {})[entry] = _laid_as(tensor, parameters[int(place)])
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _laid_as(tensor: Tensor, parameter: nn.Parameter) -> Tensor:
    # Fused steps walk memory in order, so a momentum must lie in memory as its weight does.
    if tensor.shape != parameter.shape:
        return tensor
    return torch.empty_like(parameter, dtype=tensor.dtype, requires_grad=False).copy_(tensor)
