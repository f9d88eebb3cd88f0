"""`Source`: the one resolver. A name and a few options in, a `Network` out.

resnet8 | resnet20 | resnet32 | resnet56      our CIFAR ResNets, random weights; option ``width``
torchvision:NAME[@WEIGHTS]                    without @WEIGHTS: random weights
timm:NAME[.TAG]                               without .TAG: random weights
path:FILE                                     weights of a file put into ``arch``, one of the forms above
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import torch
from pydantic import field_validator, model_validator
from safetensors import SafetensorError, safe_open

from tombola.errors import ModelError, OptionError, near
from tombola.models import from_timm, from_torchvision
from tombola.models.network import Network, Normalise, find_head, num_outputs
from tombola.models.readers import fill, read_weights, renamed
from tombola.models.resnet_cifar import BLOCKS_PER_STAGE, resnet_cifar
from tombola.models.seeded import seeded
from tombola.spec import Json, Spec, build, file_digest, option

NORMALISERS: Final[Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "half": ((0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar100": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
_FORMS: Final = f"{', '.join(BLOCKS_PER_STAGE)}, torchvision:NAME[@WEIGHTS], timm:NAME[.TAG], path:FILE"


class Source(Spec):
    """Where a model comes from. A plain string will do wherever one is asked for."""

    name: str = option(help=f"the model: {_FORMS}")
    width: float = option(1.0, "factor on the channels of our own nets", gt=0, le=64)
    arch: str | None = option(
        None, "for path: the net the weights belong to, such as torchvision:resnet18; files of ours say it themselves"
    )
    rename: tuple[tuple[str, str], ...] = option(
        (),
        "for path: regular expression -> replacement on tensor names, in order; a name that becomes empty is dropped",
    )
    normalise: str | None = option(None, f"input mean and std by name: {', '.join(NORMALISERS)}")
    mean: tuple[float, ...] | None = option(None, "input mean of each channel, images being in [0, 1]", min_length=1)
    std: tuple[float, ...] | None = option(None, "input standard deviation of each channel", min_length=1)

    @classmethod
    def parse(cls, value: object) -> Self:
        """A source from its text, a mapping of options, or as it is; what is wrong is one `ModelError`."""
        if isinstance(value, cls):
            return value
        try:
            return build(cls, _options(value), "model")
        except OptionError as error:
            first, *more = error.problems
            raise ModelError(str(error) if more else f"model: {first}") from None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        return name if name.startswith("path:") and len(name) > len("path:") else _resolved(name)

    @field_validator("arch")
    @classmethod
    def _known_arch(cls, arch: str | None) -> str | None:
        return None if arch is None else _without_weights(_resolved(arch))

    @field_validator("rename", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        return tuple(value.items()) if isinstance(value, Mapping) else value

    @field_validator("rename")
    @classmethod
    def _patterns(cls, value: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        for pattern, _ in value:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return value

    @field_validator("normalise")
    @classmethod
    def _known_normaliser(cls, name: str | None) -> str | None:
        if name is not None and name not in NORMALISERS:
            raise ValueError(f"no such normaliser{near(name, list(NORMALISERS))} (there are {', '.join(NORMALISERS)})")
        return name

    @model_validator(mode="after")
    def _together(self) -> Self:
        if problems := list(_conflicts(self)):
            raise ValueError("; ".join(problems))
        return self

    @property
    def file(self) -> Path | None:
        """The weights file of ``path:``, else None."""
        return Path(self.name.removeprefix("path:")).expanduser() if self.name.startswith("path:") else None

    @property
    def bare(self) -> str:
        """The net without its weights: ``torchvision:resnet18`` of ``torchvision:resnet18@IMAGENET1K_V1``."""
        if self.file is not None:
            return self.arch or str(net_of(self.file).get("name", ""))
        kind, _, _ = self.name.partition(":")
        return self.name.partition({"torchvision": "@", "timm": "."}.get(kind, "@"))[0]

    def identity(self) -> dict[str, Json]:
        """As every spec's; for ``path:`` the content of the file counts and its place does not."""
        found = super().identity()
        if self.file is not None:
            found |= {"name": "path", "sha256": _sha256(self.file)}
        return found

    def load(self, *, num_classes: int | None = None, seed: int = 0) -> Network:
        """The network in eval mode, on the CPU, in float32.

        Random weights come from ``seed`` alone and the global generators stay as they are. A pretrained head that has
        not ``num_classes`` outputs is replaced by a fresh one drawn from ``seed``.
        """
        if self.file is not None:
            network = self._from_file(self.file, seed)
        else:
            network = _built(self.name, self.width, num_classes, seed)
        if (normalise := self._normaliser()) is not None:
            network.normalise = normalise
        network.net = {"name": self.bare, "width": self._net_width}
        if num_classes is not None and num_outputs(network.head) != num_classes:
            network = network.with_head(num_classes, generator=torch.Generator().manual_seed(seed))
        return network.eval()

    def _from_file(self, file: Path, seed: int) -> Network:
        weights = renamed(read_weights(file), self.rename, file)
        normalise, weights = _split_normaliser(weights)
        network = _built(self.bare, self._net_width, None, seed)
        saved = weights.get(f"{network.head_name}.weight")
        if saved is not None and saved.ndim and len(saved) != num_outputs(network.head):
            network = _built(self.bare, self._net_width, len(saved), seed)
        fill(network.body, weights, file)
        network.normalise = normalise or network.normalise
        network.source = f"path:{file.name} ({self.bare}, sha256 {_sha256(file)[:12]})"
        return network

    @property
    def _net_width(self) -> float:
        if self.file is None or self.arch is not None:
            return self.width
        return float(str(net_of(self.file).get("width", self.width)))

    def _normaliser(self) -> Normalise | None:
        if self.normalise is not None:
            return Normalise(*NORMALISERS[self.normalise])
        return None if self.mean is None or self.std is None else Normalise(self.mean, self.std)


def net_of(file: Path) -> Mapping[str, Json]:
    """What the net is called that a file of ours holds (see `tombola.models.files`); empty for other files."""
    if file.suffix != ".safetensors" or not file.is_file():
        return {}
    try:
        with safe_open(file, framework="pt") as opened:
            found = json.loads((opened.metadata() or {}).get("net", "{}"))
    except (OSError, ValueError, SafetensorError):
        return {}
    return found if isinstance(found, dict) else {}


def _may_say_its_net(file: Path) -> bool:
    return bool(net_of(file)) or (file.suffix == ".safetensors" and not file.is_file())


def _options(value: object) -> Mapping[str, Any]:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, Mapping):
        return value
    raise ModelError(f"{value!r} is not a model; write one of {_FORMS}, or a mapping with a name")


def _resolved(name: str) -> str:
    """The full name of a model we can build; anything else is a `ModelError` with near names."""
    kind, colon, rest = name.partition(":")
    if not colon and name in BLOCKS_PER_STAGE:
        return name
    if colon and kind == "torchvision":
        return f"torchvision:{from_torchvision.resolved(rest)}"
    if colon and kind == "timm":
        return f"timm:{from_timm.resolved(rest)}"
    known = [*BLOCKS_PER_STAGE, f"torchvision:{name}", f"timm:{name}", f"path:{name}"]
    raise ModelError(f"no such model{near(name, known)} (there are {_FORMS})")


def _without_weights(arch: str) -> str:
    """``arch`` as it is; a `ModelError` when it names weights of its own."""
    kind, _, rest = arch.partition(":")
    sign = {"torchvision": "@", "timm": "."}.get(kind)
    if sign is not None and sign in rest:
        raise ModelError(f"names weights, which the file replaces; write arch={arch.partition(sign)[0]}")
    return arch


def _conflicts(source: Source) -> list[str]:
    is_path = source.name.startswith("path:")
    net = source.arch if is_path else source.name
    checks = {
        "path: needs the net its weights belong to; write arch=resnet20, arch=torchvision:resnet18, ...": (
            source.file is not None and source.arch is None and not _may_say_its_net(source.file)
        ),
        "arch goes with path: only": not is_path and source.arch is not None,
        "rename goes with path: only": not is_path and bool(source.rename),
        f"width goes with {', '.join(BLOCKS_PER_STAGE)} only": source.width != 1 and net not in BLOCKS_PER_STAGE,
        "mean and std go together": (source.mean is None) != (source.std is None),
        "give normalise, or mean and std, not both": source.normalise is not None and source.mean is not None,
        "mean and std need one number for each channel": (
            source.mean is not None and source.std is not None and len(source.mean) != len(source.std)
        ),
        "std must be above 0": source.std is not None and min(source.std) <= 0,
    }
    return [problem for problem, found in checks.items() if found]


def _built(name: str, width: float, num_classes: int | None, seed: int) -> Network:
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
    else:
        generator = torch.Generator().manual_seed(seed)
        body = resnet_cifar(name, num_classes=num_classes or 10, width=width, generator=generator)
        normalise, head, random = Normalise(*NORMALISERS["half"]), find_head(body), True
    return Network(body, normalise, source=f"{name} (random, seed {seed})" if random else name, head=head)


def _split_normaliser(weights: dict[str, torch.Tensor]) -> tuple[Normalise | None, dict[str, torch.Tensor]]:
    """A whole `Network`'s tensors taken apart: its normaliser, and its body's tensors under their own names."""
    if not {"normalise.mean", "normalise.std"} <= weights.keys():
        return None, weights
    mean, std = (weights[f"normalise.{part}"].flatten().tolist() for part in ("mean", "std"))
    body = {name.removeprefix("body."): tensor for name, tensor in weights.items() if not name.startswith("normalise.")}
    return Normalise(mean, std), body


def _sha256(file: Path) -> str:
    try:
        return file_digest(file)
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror})") from None
