"""timm's models: names, weights and builders. timm is imported on first use."""

from typing import Any, Final

import torch
from torch import nn

from tombola.errors import ModelError, near
from tombola.models.downloads import hub_file, torch_file
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import find_head
from tombola.models.readers import read_weights

_FILES: Final = ("model.safetensors", "pytorch_model.bin")


def resolved(name: str) -> str:
    """``NAME`` or ``NAME.TAG`` as it is; raises `ModelError` for one timm does not have."""
    import timm

    arch, sign, tag = name.partition(".")
    if not timm.is_model(arch):
        raise ModelError(f"timm has no model {arch!r}{near(arch, timm.list_models())}")
    tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{arch}.*")]
    if sign and tag not in tags:
        raise ModelError(f"timm:{arch} has no weights {tag!r}{near(tag, tags)} (it has {', '.join(tags) or 'none'})")
    return name


def build(name: str, num_classes: int | None) -> tuple[nn.Module, Normalise, str]:
    """The net called by a resolved name, its normaliser, and its head's name. Draws from the global generator.

    ``num_classes`` counts only where the head is random.
    """
    import timm

    options: dict[str, Any] = {}
    pretrained = "." in name
    config: Any = timm.models.get_pretrained_cfg(name)
    if pretrained:
        options["pretrained_cfg_overlay"] = {"state_dict": _read(config, f"timm:{name}"), "custom_load": False}
    if not (pretrained and config.num_classes):  # 0: the weights came without a head
        options["num_classes"] = num_classes or config.num_classes or 1000
    body: nn.Module = timm.create_model(name, pretrained=pretrained, **options)
    found: dict[str, Any] = body.pretrained_cfg  # type: ignore[assignment]  # timm sets it on every model
    found.pop("state_dict", None)  # else every copy of the model would carry its weights twice
    return body, Normalise(tuple(found["mean"]), tuple(found["std"])), find_head(body)


def _read(config: Any, model: str) -> dict[str, torch.Tensor]:
    if config.hf_hub_id:
        names = (config.hf_hub_filename,) if config.hf_hub_filename else _FILES
        return read_weights(hub_file(config.hf_hub_id, names, model))
    return read_weights(torch_file(config.url, model))
