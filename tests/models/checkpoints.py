"""Checkpoints as other people's training programs write them, from nets wrapped as theirs are."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)  # no data set's, so that a normaliser that was read shows


class InputNormalize(nn.Module):
    """The robustness library's: two buffers (3, 1, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("new_mean", torch.tensor(MEAN)[..., None, None])
        self.register_buffer("new_std", torch.tensor(STD)[..., None, None])


class Attacker(nn.Module):
    """It holds the net as well."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.normalize = InputNormalize()
        self.model = model


class AttackerModel(nn.Module):
    """Around the net while the robustness library trains."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.normalizer = InputNormalize()
        self.model = model
        self.attacker = Attacker(model)


class DummyModel(nn.Module):
    """What it puts around nets whose forward it does not know: one ``model.`` more."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model


def robustness(net: nn.Module, *, dummy: bool) -> dict[str, Any]:
    """The robustness library's checkpoint of a net."""
    parallel = nn.DataParallel(AttackerModel(DummyModel(net) if dummy else net))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    state: dict[str, Any] = {"model": parallel.state_dict(), "optimizer": optimizer.state_dict()}
    return {**state, "schedule": {"lr_lambdas": [None]}, "epoch": 90, "amp": "N/A", "nat_prec1": torch.tensor(53.1)}


def save(content: object, file: Path, *, old: bool = True) -> Path:
    """Saved as in 2020, in the format before zip files, unless told otherwise."""
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, file, _use_new_zipfile_serialization=not old)
    return file


def state_of(network: nn.Module) -> dict[str, Tensor]:
    """A copy of its state dict."""
    return {name: value.clone() for name, value in network.state_dict().items()}
