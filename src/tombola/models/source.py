"""`Source`: the one resolver. A name and a few options in, a `Network` out.

resnet8 | resnet20 | ... | preactresnet18     our CIFAR nets (`tombola.models.own_nets`), random; option ``width``
torchvision:NAME[@WEIGHTS]                    without @WEIGHTS: random weights
timm:NAME[.TAG]                               without .TAG: random weights
robust:ARCH-l2-epsE | robust:ARCH-linf-epsE   the robust ImageNet classifiers of Salman et al., E of 255 for linf
path:FILE                                     weights of a file put into ``arch``, one of the forms above
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import torch
from pydantic import field_validator, model_validator

from tombola.errors import ModelError, OptionError, near
from tombola.models import robust_grid
from tombola.models.inputs.pixels import Normalise
from tombola.models.network import Network, num_outputs
from tombola.models.normalisers import NORMALISERS, normaliser, usual
from tombola.models.origin import Origin
from tombola.models.origin import without_weights as bare_name
from tombola.models.own_nets import OWN, SPELLINGS
from tombola.models.readers import compiled, fill, read_weights, renamed
from tombola.models.resolving import FORMS, built, resolved, without_weights
from tombola.models.said import said_in
from tombola.models.segmenting import Decoder, described, outputs_in, segmenting
from tombola.models.wrappers import unwrapped
from tombola.spec import Json, Spec, build, file_digest, option

_BEGINS: Final = "path:"


class Source(Spec):
    """Where a model comes from. A plain string will do wherever one is asked for."""

    name: str = option(help=f"the model: {FORMS}")
    width: float = option(1.0, "factor on the channels of our own nets", gt=0, le=64)
    arch: str | None = option(
        None, "for path: the net the weights belong to, such as torchvision:resnet18; files of ours say it themselves"
    )
    folder: Path | None = option(
        None, "for robust: the folder with the release's files; a copy elsewhere is the same model", identity=False
    )
    rename: tuple[tuple[str, str], ...] = option(
        (),
        "for path: regular expression -> replacement on tensor names, in order; a name that becomes empty is dropped",
    )
    normalise: str | None = option(None, f"input mean and std by name: {', '.join(NORMALISERS)}")
    mean: tuple[float, ...] | None = option(None, "input mean of each channel, images being in [0, 1]", min_length=1)
    std: tuple[float, ...] | None = option(None, "input standard deviation of each channel", min_length=1)
    decoder: Decoder | None = option(
        None, "a segmentation head in the classifier's place: fcn or deeplab; files of ours say it", absent=None
    )
    output_stride: int | None = option(
        None, "with a decoder: pixels of an image to one of its maps; empty: the net's own", absent=None, ge=1
    )

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
        return name if name.startswith(_BEGINS) and len(name) > len(_BEGINS) else resolved(name)

    @field_validator("arch")
    @classmethod
    def _known_arch(cls, arch: str | None) -> str | None:
        return None if arch is None else without_weights(resolved(arch))

    @field_validator("rename", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        return tuple(value.items()) if isinstance(value, Mapping) else value

    @field_validator("rename")
    @classmethod
    def _patterns(cls, value: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        compiled(value)
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
        return Path(self.name.removeprefix(_BEGINS)).expanduser() if self.name.startswith(_BEGINS) else None

    @property
    def bare(self) -> str:
        """The net without its weights: ``torchvision:resnet18`` of ``torchvision:resnet18@IMAGENET1K_V1``."""
        return bare_name(self.name, self._whole.arch)

    def chosen(self, data: str, transfer: str) -> Self:
        """The source with ``eps=best`` replaced by the best eps for a data set and a way to transfer; else itself.

        Both are given by name. Raises `ModelError` for those that the table of `tombola.models.best_eps` lacks.
        """
        kind, _, rest = self.name.partition(":")
        if kind != "robust" or not robust_grid.is_choice(rest):
            return self
        return self.replace(name=f"robust:{robust_grid.chosen(rest, data, transfer)}")

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
            network = built(self.name, self.width, num_classes, seed, self.folder)
            if self.decoder is not None:
                outputs = num_classes or num_outputs(network.head)
                network = segmenting(network, self.decoder, outputs, output_stride=self.output_stride, seed=seed)
            network.origin = network.origin.replace(source=self._written(network))
        if (normalise := self._normaliser()) is not None:
            network.normalise = normalise
        if num_classes is not None and num_outputs(network.head) != num_classes:
            network = network.with_head(num_classes, generator=torch.Generator().manual_seed(seed))
        return network.eval()

    @property
    def _whole(self) -> Self:
        """With what a file of ours says of its net, where the options leave it open."""
        origin = None if self.file is None else said_in(self.file).origin
        if origin is None or not origin.can_be_built or self.arch not in (None, origin.bare):
            return self
        given = _set_by_hand(self)
        scaled = {"normalise", "mean", "std"}
        told = {n: v for n, v in origin.net.items() if n not in given and not (n in scaled and scaled & set(given))}
        return self.replace(**told | {"name": self.name, "arch": origin.bare})

    def _written(self, network: Network) -> dict[str, Json]:
        """The options that build ``network``: those that are not as they are by default, and its head's."""
        return {**_set_by_hand(self), **described(network)}

    def _from_file(self, file: Path, seed: int) -> Network:
        whole = self._whole
        found = unwrapped(renamed(read_weights(file), self.rename, file), file)
        weights = renamed(found.weights, SPELLINGS, file) if whole.bare in OWN else found.weights
        network = whole._net_of(weights, seed)
        fill(network.body, weights, file)
        network.normalise = (
            found.normalise or whole._normaliser() or usual(found.layout, whole.bare) or network.normalise
        )
        written = {**whole._written(network), "name": f"{_BEGINS}{file.name}"}
        network.origin = Origin(source=written, sha256=_sha256(file))
        network.adapted = said_in(file).adapted
        return network

    def _net_of(self, weights: Mapping[str, torch.Tensor], seed: int) -> Network:
        """The net that a file's tensors belong to, its head as large as theirs."""
        assert self.arch is not None
        network = built(self.arch, self.width, None, seed)
        own = num_outputs(network.head)
        outputs = outputs_in(weights, network.head_name) or own
        if self.decoder is not None:
            return segmenting(network, self.decoder, outputs, output_stride=self.output_stride, seed=seed)
        return network if outputs == own else built(self.arch, self.width, outputs, seed)

    def _normaliser(self) -> Normalise | None:
        if self.normalise is not None:
            return normaliser(self.normalise)
        return None if self.mean is None or self.std is None else Normalise(self.mean, self.std)


def _set_by_hand(source: Source) -> dict[str, Json]:
    """The options that are not as they are by default, but for where files lie on this machine."""
    usual = {name: field.default for name, field in Source.model_fields.items()}
    return {name: value for name, value in Spec.identity(source).items() if getattr(source, name) != usual[name]}


def _may_say_its_net(file: Path) -> bool:
    origin = said_in(file).origin
    return (origin is not None and origin.can_be_built) or (file.suffix == ".safetensors" and not file.is_file())


def _options(value: object) -> Mapping[str, Any]:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, Mapping):
        return value
    raise ModelError(f"{value!r} is not a model; write one of {FORMS}, or a mapping with a name")


def _conflicts(source: Source) -> list[str]:
    is_path = source.name.startswith(_BEGINS)
    net = source.arch if is_path else source.name
    checks = {
        "path: needs the net its weights belong to; write arch=resnet20, arch=torchvision:resnet18, ...": (
            source.file is not None and source.arch is None and not _may_say_its_net(source.file)
        ),
        "output_stride goes with a decoder; write decoder=fcn or deeplab beside it": (
            source.output_stride is not None and source.decoder is None and not is_path
        ),
        "arch goes with path: only": not is_path and source.arch is not None,
        "rename goes with path: only": not is_path and bool(source.rename),
        "folder goes with robust: only": source.folder is not None and not source.name.startswith("robust:"),
        f"width goes with {', '.join(OWN)} only": source.width != 1 and net not in OWN,
        "mean and std go together": (source.mean is None) != (source.std is None),
        "give normalise, or mean and std, not both": source.normalise is not None and source.mean is not None,
        "mean and std need one number for each channel": (
            source.mean is not None and source.std is not None and len(source.mean) != len(source.std)
        ),
        "std must be above 0": source.std is not None and min(source.std) <= 0,
    }
    return [problem for problem, found in checks.items() if found]


def _sha256(file: Path) -> str:
    try:
        return file_digest(file)
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror})") from None
