"""timm's models: ``timm:NAME.TAG``, without ``.TAG`` random.

What: Every model timm lists, its weights from Hugging Face's hub or where their authors keep them.
When: Priors trained in any of the ways timm has weights of.
Cost: A download of the weights on first use.
Options: None.
Reference: https://huggingface.co/docs/timm
"""

from typing import TYPE_CHECKING, Any, ClassVar, Final, final

from tombola.errors import ModelError, near
from tombola.models.downloads import hub_file, torch_file
from tombola.models.kinds._base import Asked, Kind, near_models
from tombola.models.vision_loading import load_torchvision
from tombola.registry import Examples

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tombola.models.inputs.pixels import Normalise
    from tombola.models.network import Network

_FILES: Final = ("model.safetensors", "pytorch_model.bin")


@final
class Timm(Kind):
    """A model of timm's."""

    FORM: ClassVar[str] = "timm:NAME[.TAG]"
    EXAMPLES: ClassVar[Examples] = ({"net": "test_resnet"},)

    @classmethod
    def resolved(cls, net: str) -> str:
        return resolved(net)

    @classmethod
    def bare(cls, net: str) -> str:
        return cls.written(net.partition(".")[0])

    @classmethod
    def known(cls) -> dict[str, str]:
        return {cls.FORM: "timm's models; without .TAG random"}

    @classmethod
    def smaller(cls, net: str) -> dict[str, bool]:
        load_torchvision()  # which timm imports
        import timm

        from tombola.models.relatives import smaller

        arch, sign, tag = net.partition(".")
        names = smaller(arch, timm.list_models())
        if not sign:
            return {cls.written(name): True for name in names}
        return dict(_with_weights(name, tag) for name in names if timm.list_pretrained(f"{name}.*"))

    @classmethod
    def nets(cls) -> list[str]:
        load_torchvision()  # which timm imports
        import timm

        return list(timm.list_models())

    def build(self, asked: Asked) -> "Network":
        from tombola.models.network import Network
        from tombola.models.origin import Origin
        from tombola.models.seeded import seeded

        with seeded(asked.seed):
            body, normalise, head = classifier(self.net, asked.outputs)
        seed = None if "." in self.net else asked.seed
        return Network(body, normalise, source=Origin(source={"name": self.written(self.net)}, seed=seed), head=head)


def resolved(name: str) -> str:
    """``NAME`` or ``NAME.TAG`` as it is; raises `ModelError` for one timm does not have."""
    load_torchvision()  # which timm imports
    import timm

    arch, sign, tag = name.partition(".")
    if not timm.is_model(arch):
        raise ModelError(f"timm has no model {arch!r}{near_models(arch, Timm)}")
    tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{arch}.*")]
    if sign and tag not in tags:
        raise ModelError(f"timm:{arch} has no weights {tag!r}{near(tag, tags)} (it has {', '.join(tags) or 'none'})")
    return name


def classifier(name: str, num_classes: int | None) -> "tuple[nn.Module, Normalise, str]":
    """The net called by a resolved name, its normaliser, and its head's name. Draws from the global generator.

    ``num_classes`` counts only where the head is random.
    """
    load_torchvision()  # which timm imports
    import timm

    from tombola.models.inputs.pixels import Normalise
    from tombola.models.network import find_head

    options: dict[str, Any] = {}
    pretrained = "." in name
    config: Any = timm.models.get_pretrained_cfg(name)
    if pretrained:
        options["pretrained_cfg_overlay"] = {"state_dict": _read(config, f"timm:{name}"), "custom_load": False}
    if not (pretrained and config.num_classes):  # 0: the weights came without a head
        options["num_classes"] = num_classes or config.num_classes or 1000
    body: Any = timm.create_model(name, pretrained=pretrained, **options)
    found: dict[str, Any] = body.pretrained_cfg  # timm sets it on every model
    found.pop("state_dict", None)  # else every copy of the model would carry its weights twice
    return body, Normalise(tuple(found["mean"]), tuple(found["std"])), find_head(body)


def _with_weights(arch: str, tag: str) -> tuple[str, bool]:
    """The net's name with weights, of the same tag where there are such, and whether they were downloaded before."""
    load_torchvision()  # which timm imports
    import timm

    from tombola.models.downloads import in_hub_cache, in_torch_cache

    tagged = timm.list_pretrained(f"{arch}.*")
    name = f"{arch}.{tag}" if f"{arch}.{tag}" in tagged else tagged[0]
    config: Any = timm.models.get_pretrained_cfg(name)
    if config.hf_hub_id:
        there = in_hub_cache(config.hf_hub_id, (config.hf_hub_filename,) if config.hf_hub_filename else _FILES)
        return Timm.written(name), there is not None
    return Timm.written(name), bool(config.url) and in_torch_cache(config.url).exists()


def _read(config: Any, model: str) -> "dict[str, Tensor]":
    from tombola.models.readers import read_weights

    if config.hf_hub_id:
        names = (config.hf_hub_filename,) if config.hf_hub_filename else _FILES
        return read_weights(hub_file(config.hf_hub_id, names, model))
    return read_weights(torch_file(config.url, model))
