"""`Source`: the one resolver. A name and a few options in, a `Network` out.

A name is ``KIND:NET``, a file in `tombola.models.kinds` a kind: ``torchvision:resnet18@IMAGENET1K_V1``, ``timm:...``,
``robust:...``, ``hf:FOLDER``, ``path:FILE``; a net of ours is its name alone, ``resnet8``.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import torch
from pydantic import field_validator, model_validator

from tombola.errors import ModelError, OptionError, near
from tombola.models.heading import as_asked
from tombola.models.heads._base import Head
from tombola.models.inputs._base import Input
from tombola.models.inputs.pixels import Normalise
from tombola.models.kinds._base import Asked, Kind, forms, kind_of, kinds
from tombola.models.network import Network, num_outputs
from tombola.models.normalisers import NORMALISERS, normaliser
from tombola.models.origin import without_weights
from tombola.models.readers import compiled
from tombola.models.segmenting import described
from tombola.spec import Json, Spec, build, option

Plain: TypeAlias = bool | int | float | str

_SCALED: Final = {"normalise", "mean", "std"}


class Source(Spec):
    """Where a model comes from. A plain string will do wherever one is asked for."""

    name: str = option(help=f"the model: {forms()}")
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
    decoder: str | None = option(
        None,
        "another head in the classifier's place, one of heads, as fcn; files of ours say it",
        absent=None,
    )
    output_stride: int | None = option(
        None, "with a decoder: pixels of an image to one of its maps; empty: the net's own", absent=None, ge=1
    )
    input: Input | None = option(
        None,
        "another first layer than the kind's, one of inputs, as prompt:8; files of ours say it",
        absent=None,
    )
    options: tuple[tuple[str, Plain], ...] = option(
        (),
        "more options of the model's kind, as pool of hf:; written beside name they get here",
        absent=(),
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
        return {"name": value} if isinstance(value, str) else _with_options(value, list(cls.model_fields))

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        kind, net = kind_of(name)
        return kind.written(kind.resolved(net))

    @field_validator("arch")
    @classmethod
    def _known_arch(cls, arch: str | None) -> str | None:
        return None if arch is None else _bare_arch(*kind_of(arch))

    @field_validator("decoder")
    @classmethod
    def _known_head(cls, decoder: str | None) -> str | None:
        return None if decoder is None else Head.parse(decoder).text

    @field_validator("options", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        return tuple(value.items()) if isinstance(value, Mapping) else value

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
    def kind(self) -> Kind:
        """The kind that the name is of, with the options that are its own."""
        return self._member(self.name)

    @property
    def file(self) -> Path | None:
        """The file of weights that the name is, else None."""
        kind, net = kind_of(self.name)
        return kind.file(net)

    @property
    def bare(self) -> str:
        """The net without its weights: ``torchvision:resnet18`` of ``torchvision:resnet18@IMAGENET1K_V1``."""
        return without_weights(self.name, self._whole.arch)

    def chosen(self, data: str, transfer: str) -> Self:
        """The source with ``eps=best`` replaced by the best eps for a data set and a way to transfer; else itself.

        Both are given by name. Raises `ModelError` for those that the table of `tombola.models.best_eps` lacks.
        """
        kind, net = kind_of(self.name)
        found = kind.written(kind.chosen(net, data, transfer))
        return self if found == self.name else self.replace(name=found)

    def identity(self) -> dict[str, Json]:
        """As every spec's; of files the content counts, and their place does not."""
        kind, net = kind_of(self.name)
        return {**super().identity(), **kind.content(net)}

    def load(self, *, num_classes: int | None = None, seed: int = 0) -> Network:
        """The network in eval mode, on the CPU, in float32.

        Random weights come from ``seed`` alone and the global generators stay as they are. A pretrained head that has
        not ``num_classes`` outputs is replaced by a fresh one drawn from ``seed``.
        """
        whole = self._whole
        asked = whole._asked(num_classes, seed)
        network = as_asked(whole.kind.build(asked), asked)
        network.origin = network.origin.replace(source={**whole._written(network), **network.origin.source})
        if whole.input is not None and self.file is None:
            rng = torch.Generator().manual_seed(seed)
            network.normalise = whole.input.layer(network.body, generator=rng)
        if (normalise := self._normaliser()) is not None:
            network.normalise = normalise.to(network.pixels.mean.device)
        if num_classes is not None and num_outputs(network.head) != num_classes:
            network = network.with_head(num_classes, generator=torch.Generator().manual_seed(seed))
        return network.eval()

    @property
    def _whole(self) -> Self:
        """With what the file named says of its net, where the options leave it open."""
        kind, net = kind_of(self.name)
        said = kind.told(net)
        if not said or self.arch not in (None, said["arch"]):
            return self
        given = _set_by_hand(self).keys() - {"arch"}
        told = {n: v for n, v in said.items() if n not in given and not (n in _SCALED and _SCALED & given)}
        return self.replace(**told | {"name": self.name})

    def _asked(self, outputs: int | None, seed: int) -> Asked:
        under = None if self.arch is None else self._member(self.arch)
        return Asked(outputs, seed, self.decoder, self.output_stride, under, self._normaliser(), self.input)

    def _member(self, text: str) -> Kind:
        kind, net = kind_of(text)
        named = {name: getattr(self, name) for name in kind.model_fields if name in type(self).model_fields}
        more = {name: value for name, value in self.options if name in kind.model_fields}
        return build(kind, {"net": net, **named, **more}, f"model {text}")

    def _written(self, network: Network) -> dict[str, Json]:
        """The options that build ``network``: those that are not as they are by default, and its head's."""
        return {**_set_by_hand(self), **described(network)}

    def _normaliser(self) -> Normalise | None:
        if self.normalise is not None:
            return normaliser(self.normalise)
        return None if self.mean is None or self.std is None else Normalise(self.mean, self.std)


def _set_by_hand(source: Source) -> dict[str, Json]:
    """The options that are not as they are by default, but for where files lie on this machine."""
    usual = {name: field.default for name, field in Source.model_fields.items()}
    return {name: value for name, value in Spec.identity(source).items() if getattr(source, name) != usual[name]}


def _with_options(value: Any, ours: list[str]) -> Any:
    """Options that the kinds named have and a source has not, moved to ``options``; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    texts = [text for text in (value.get("name"), value.get("arch")) if isinstance(text, str)]
    kinds_of = [kind_of(text)[0] for text in texts]
    theirs = {name: field for kind in kinds_of for name, field in kind.model_fields.items() if name not in ours}
    moved = {name: _plain(value[name], theirs[name].annotation) for name in value if name in theirs and name != "net"}
    kept = {name: given for name, given in value.items() if name not in moved}
    return {**kept, "options": {**dict(value.get("options", ())), **moved}} if moved else value


def _plain(value: object, wanted: object) -> object:
    """What a kind reads as text, as that text: a command line takes 3,5,7 for a list and 3 for a number."""
    if wanted is not str or isinstance(value, bool):
        return value
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value) if type(value) is int else value


def _bare_arch(kind: type[Kind], net: str) -> str:
    """The full name of a net that weights are put into; raises `ModelError` where it names weights of its own."""
    whole = kind.resolved(net)
    bare = kind.bare(whole)
    if not bare:
        raise ModelError(f"{kind.called()} is weights alone, and arch is the net they belong to, such as arch=resnet20")
    if bare != kind.written(whole):
        raise ModelError(f"names weights, which the file replaces; write arch={bare}")
    return bare


def _options(value: object) -> Mapping[str, Any]:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, Mapping):
        return value
    raise ModelError(f"{value!r} is not a model; write one of {forms()}, or a mapping with a name")


def _conflicts(source: Source) -> list[str]:
    checks = {
        "output_stride goes with a decoder; write decoder=fcn or deeplab beside it": (
            source.output_stride is not None and source.decoder is None and source.file is None
        ),
        "mean and std go together": (source.mean is None) != (source.std is None),
        "give normalise, or mean and std, not both": source.normalise is not None and source.mean is not None,
        "mean and std need one number for each channel": (
            source.mean is not None and source.std is not None and len(source.mean) != len(source.std)
        ),
        "std must be above 0": source.std is not None and min(source.std) <= 0,
    }
    return [*_misplaced(source), *(problem for problem, found in checks.items() if found)] or _unfit(source)


def _misplaced(source: Source) -> Iterator[str]:
    """Of each option that is another kind's: whose."""
    here = [kind_of(text)[0] for text in (source.name, source.arch) if text is not None]
    for name, field in Source.model_fields.items():
        if getattr(source, name) == field.default or any(name in kind.model_fields for kind in here):
            continue
        if owners := [kind.called() for kind in kinds() if name in kind.model_fields]:
            yield f"{name} goes with {', '.join(owners)} only"
    for name, _ in source.options:
        if not any(name in kind.model_fields for kind in here):
            yield f"options: {source.name} has no {name}"


def _unfit(source: Source) -> list[str]:
    """What the kind itself finds wrong with its options."""
    try:
        source.kind  # noqa: B018  its options are read where it is made
    except OptionError as error:
        return list(error.problems)
    return []
