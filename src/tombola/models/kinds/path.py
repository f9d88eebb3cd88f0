"""Weights of a file: ``path:FILE`` put into the net that ``arch`` names; files of ours say their net themselves.

What: safetensors, npz, and torch's pickles where they hold nothing but tensors; no code in a file is run. Every shape
    must fit. Names other than the net's are matched by shape and order, which a warning shows and a forward pass tries;
    where that leaves several ways it is refused, and ``rename`` says which is meant. A whole network of ours brings its
    normaliser, head and what it was adapted to. Of programs that learn without labels (MoCo, SimCLR, SwAV, DINO, Barlow
    Twins) the body is taken and the rest left out, with a warning that names it; so is a body that lies there without
    its head. ``path:package:NAME`` is the one file of weights in an installed package, none of whose code is run.
When: Weights that you trained, or that others publish outside the zoos.
Cost: Reading the file.
Options: ``arch``, ``rename``.
Reference: `tombola.models.readers`, `tombola.models.wrappers` and `tombola.models.self_supervised` for the layouts of
    training programs.
"""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as File
from typing import TYPE_CHECKING, ClassVar, Self, final

from pydantic import model_validator

from tombola.errors import ModelError
from tombola.models.kinds._base import Asked, Kind
from tombola.registry import Examples
from tombola.spec import Json, file_digest, option
from tombola.wheels import PACKAGE, weights_in

if TYPE_CHECKING:
    from torch import Tensor

    from tombola.models.by_shape import Match
    from tombola.models.inputs._base import InputLayer
    from tombola.models.network import Network
    from tombola.models.self_supervised import Learned


@final
class Path(Kind):
    """A file of weights."""

    FORM: ClassVar[str] = "path:FILE"
    EXAMPLES: ClassVar[Examples] = ({"net": "net.safetensors", "arch": "resnet8"},)

    arch: str | None = option(
        None, "the net the weights belong to, such as torchvision:resnet18; files of ours say it themselves"
    )
    rename: tuple[tuple[str, str], ...] = option(
        (), "regular expression -> replacement on tensor names, in order; a name that becomes empty is dropped"
    )

    @model_validator(mode="after")
    def _needs_its_net(self) -> Self:
        if self.arch is None and not _may_say_its_net(file := self.file(self.net)):
            gone = "" if file.exists() else f"{file}: there is no such file here; one that is elsewhere "
            raise ValueError(
                f"{gone}needs the net its weights belong to; write arch=resnet20, arch=torchvision:resnet18, ...; on"
                " the command line --set model.arch=resnet20"
            )
        return self

    @classmethod
    def examples(cls, folder: File) -> list[Self]:
        from tombola.models.kinds.own import Own
        from tombola.models.saved_tensors import save_tensors

        network = Own(net="resnet8", width=0.25).build(Asked(seed=1))
        return [cls(net=str(save_tensors(network.state_dict(), folder / "net.safetensors")), arch="resnet8")]

    @classmethod
    def resolved(cls, net: str) -> str:
        if not net:
            raise ModelError("no such model (a file's name stands behind path:, as in path:net.safetensors)")
        return net

    @classmethod
    def bare(cls, net: str) -> str:  # noqa: ARG003  weights alone
        """Nothing: which net it is stands in ``arch``."""
        return ""

    @classmethod
    def known(cls) -> dict[str, str]:
        return {cls.FORM: "a weights file; with arch, the net it belongs to"}

    @classmethod
    def file(cls, net: str) -> File:
        if not net.startswith(PACKAGE):
            return File(net).expanduser()
        from tombola.models.readers import SUFFIXES

        return weights_in(net, SUFFIXES)

    @classmethod
    def told(cls, net: str) -> dict[str, Json]:
        """What a file of ours says in its header: its net's options, with the net itself as ``arch``."""
        from tombola.models.said import said_in

        origin = said_in(cls.file(net)).origin
        return {**origin.net, "arch": origin.bare} if origin is not None and origin.can_be_built else {}

    @classmethod
    def content(cls, net: str) -> dict[str, Json]:
        return {"name": "path", "sha256": _sha256(cls.file(net))}

    def build(self, asked: Asked) -> "Network":
        from tombola.models.normalisers import normaliser, usual
        from tombola.models.origin import Origin
        from tombola.models.readers import fill, read_weights, renamed
        from tombola.models.said import said_in
        from tombola.models.self_supervised import body_of
        from tombola.models.wrappers import unwrapped

        file, under = self.file(self.net), asked.under
        tensors = renamed(read_weights(file), self.rename, file)
        learned = body_of(tensors, file)
        found = unwrapped(tensors if learned is None else learned.weights, file)
        assert under is not None, "who builds it says which net is under the weights"
        weights = under.respelled(found.weights, file)
        network = _net_of(under, weights if learned is None else {}, asked)
        match = _match(network, weights, file) if learned is None and asked.decoder is None else None
        if match is not None:
            weights = match.weights
            network = _net_of(under, weights, asked)
        left = _not_of_the_body(network, weights, learned)
        fill(network.body, _with_own_head(network, weights) if left is not None else weights, file)
        if match is not None:
            _say_match(match, network, file)
        _say(file, learned, left)
        network.normalise = (
            found.normalise
            or asked.normalise
            or usual(found.layout, under.written(under.net))
            or (normaliser("none") if learned is not None and not learned.normalised else None)
            or network.normalise
        )
        if found.first or asked.input is not None:
            network.normalise = _first(network, asked, found.first, file)
        network.origin = Origin(source={"name": self.written(file.name)}, sha256=_sha256(file))
        network.adapted = said_in(file).adapted
        return network


def _net_of(under: Kind, weights: "Mapping[str, Tensor]", asked: Asked) -> "Network":
    """The net that a file's tensors belong to, its head as large as theirs."""
    from tombola.models.heading import as_asked
    from tombola.models.network import num_outputs
    from tombola.models.segmenting import outputs_in

    network = under.build(Asked(seed=asked.seed))
    own = num_outputs(network.head)
    outputs = outputs_in(weights, network.head_name, asked.decoder or network.head_kind) or own
    if asked.decoder is not None:
        return as_asked(network, replace(asked, outputs=outputs))
    return network if outputs == own else under.build(Asked(outputs, asked.seed))


def _match(network: "Network", weights: "Mapping[str, Tensor]", file: File) -> "Match | None":
    """The tensors under the net's names, found by their shapes; None where they have its names already.

    Raises `ModelError` where shapes do not fit, or leave several ways.
    """
    from tombola.models.by_shape import matched, misnamed

    wanted, head = network.body.state_dict(), network.head_name
    if not misnamed(weights, wanted, head):
        return None
    try:
        return matched(weights, wanted, head)
    except ModelError as error:
        raise ModelError(
            f"{file}: its names are not those of {network.source}, and its {error} (rename maps names: regular"
            " expression -> replacement)"
        ) from None


def _say_match(match: "Match", network: "Network", file: File) -> None:
    """Warns of names that were found by shape, once the network has answered with them."""
    import torch

    from tombola.models.showing import drawn, shown_to

    batch = drawn(shown_to(network), 2, torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = network.copy().eval()(batch.x, **batch.more)
    if not bool(found.isfinite().all()) or torch.equal(found[0], found[1]):
        raise ModelError(
            f"{file}: matched by shape ({match.said}), the network does not tell two random samples apart; write rename"
        )
    warnings.warn(
        f"{file.name}: names were matched by shape and order: {match.said}; a forward pass answers. Where that is"
        " wrong, write rename",
        stacklevel=3,
    )


def _not_of_the_body(
    network: "Network", weights: "Mapping[str, Tensor]", learned: "Learned | None"
) -> tuple[str, ...] | None:
    """The names left out of a file that has no head for the network; None where it has one."""
    head = f"{network.head_name}."
    theirs = tuple(name for name in weights if name.startswith(head))
    own = any(name.startswith(head) for name in network.body.state_dict())
    if learned is None:
        return None if theirs or not own else ()
    return (*theirs, *learned.left_out)


def _with_own_head(network: "Network", weights: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    head = f"{network.head_name}."
    own = {name: value for name, value in network.body.state_dict().items() if name.startswith(head)}
    return {**{name: value for name, value in weights.items() if not name.startswith(head)}, **own}


def _say(file: File, learned: "Learned | None", left: tuple[str, ...] | None) -> None:
    """Warns of what was left out, and of a head that means nothing."""
    if left is None:
        return
    what = "it holds no head" if learned is None else f"of {learned.program} the body is taken"
    more = f" and {len(left) - 4} more" if len(left) > 4 else ""
    named = f"; left out: {', '.join(left[:4])}{more}" if left else ""
    warnings.warn(f"{file.name}: {what}{named}; the head is random until a task gives it another", stacklevel=3)


def _first(network: "Network", asked: Asked, tensors: "Mapping[str, Tensor]", file: File) -> "InputLayer":
    """The input layer asked for, with the tensors of the file where it has some."""
    import torch

    from tombola.models.readers import fill

    if asked.input is None:
        raise ModelError(f"{file}: holds {', '.join(tensors)} of a first layer; write which, as in input=prompt")
    layer = asked.input.layer(network.body, generator=torch.Generator().manual_seed(asked.seed))
    if tensors:
        fill(layer, tensors, file)
    return layer


def _may_say_its_net(file: File) -> bool:
    """Whether its header does, or may once it is there."""
    from tombola.models.said import said_in

    if file.suffix == ".safetensors" and not file.is_file():
        return True
    origin = said_in(file).origin
    return origin is not None and origin.can_be_built


def _sha256(file: File) -> str:
    try:
        return file_digest(file)
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror})") from None
