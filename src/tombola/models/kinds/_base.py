"""The contract of a kind of models: how its names are written, what they stand for, and the network one of them is.

A model's name is ``KIND:NET``; a net of ours is its name alone. What a member has as options are options of `Source`
too: those that several kinds share stand there by name, others go through. Importing a member imports no model library.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import field_validator

from tombola.registry import Family, Member
from tombola.spec import Json, option

if TYPE_CHECKING:
    from torch import Tensor

    from tombola.models.inputs._base import Input
    from tombola.models.inputs.pixels import Normalise
    from tombola.models.network import Network

OWN: Final = "own"
"""The kind whose names stand alone."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a model beside its name and the options of its kind."""

    outputs: int | None = None
    """How many, where its head is random; a head with weights of its own stays as it is."""
    seed: int = 0
    decoder: str | None = None
    output_stride: int | None = None
    under: "Kind | None" = None
    """Of weights alone: the net they belong to."""
    normalise: "Normalise | None" = None
    """Of weights alone: what their file's header says, or who asks."""
    input: "Input | None" = None


class Kind(Member):
    """Models of one origin. Which one is ``net``, a name that `resolved` made whole."""

    family: ClassVar[Family] = Family("kinds", "tombola.models.kinds", fallback=OWN)
    ARGUMENT: ClassVar[str | None] = "net"
    FORM: ClassVar[str] = ""
    """How a name is written, as help texts have it."""

    net: str = option(help="the name, without the kind's")

    @field_validator("net")
    @classmethod
    def _whole(cls, net: str) -> str:
        return cls.resolved(net)

    @classmethod
    @abstractmethod
    def resolved(cls, net: str) -> str:
        """The full name of a net that can be built; raises `ModelError` with near names for any other."""

    @abstractmethod
    def build(self, asked: Asked) -> "Network":
        """The network, on the CPU; what is random comes from ``asked.seed``, the global generators stay as they are."""

    @classmethod
    def bare(cls, net: str) -> str:
        """The name, kind and all, of the net with weights of no meaning; empty where nobody can say."""
        return cls.written(net)

    @classmethod
    def written(cls, net: str) -> str:
        """The name with the kind's before it."""
        return f"{cls.name}:{net}"

    @classmethod
    def form(cls) -> str:
        """How a name is written."""
        return cls.FORM

    @classmethod
    def called(cls) -> str:
        """The kind, as an error names it."""
        return f"{cls.name}:"

    @classmethod
    def known(cls) -> dict[str, str]:
        """Each name, or the form of names, with what it is in a few words."""
        return {}

    @classmethod
    def nets(cls) -> list[str]:
        """The names of all nets of this kind, without its own, where they can be listed; none else."""
        return []

    @classmethod
    def file(cls, net: str) -> Path | None:  # noqa: ARG003  some look
        """The one file that a name stands for, None for all but weights alone."""
        return None

    @classmethod
    def told(cls, net: str) -> dict[str, Json]:  # noqa: ARG003  some look
        """The options of `Source` that what is named says of itself."""
        return {}

    @classmethod
    def content(cls, net: str) -> dict[str, Json]:  # noqa: ARG003  some look
        """What counts in a key instead of the name: the content of files, where they may lie anywhere."""
        return {}

    @classmethod
    def chosen(cls, net: str, data: str, transfer: str) -> str:  # noqa: ARG003  some look
        """The name with what it leaves to a task filled in, for a data set and a way to transfer."""
        return net

    @classmethod
    def smaller(cls, net: str) -> dict[str, bool]:  # noqa: ARG003  some have families
        """Smaller nets of the same family, full names, the largest first, and whether their weights are at hand.

        Nothing is downloaded; weights that are random are at hand.
        """
        return {}

    def respelled(self, weights: "Mapping[str, Tensor]", file: Path) -> "Mapping[str, Tensor]":
        """Tensors of a file under the names that this net has for them."""
        return weights


def kind_of(text: str) -> tuple[type[Kind], str]:
    """The kind that a model's name is of, and the rest of the name; what begins with no kind's name is a net of ours.

    >>> [(kind.name, net) for kind, net in map(kind_of, ("resnet8", "timm:resnet18.a1_in1k"))]
    [('own', 'resnet8'), ('timm', 'resnet18.a1_in1k')]
    """
    name, colon, rest = text.partition(":")
    found: Any = Kind.family.get(name if colon and name in Kind.family.names() else OWN)
    return found, rest if colon and found.name == name else text


def kinds() -> list[type[Kind]]:
    """Every kind, nets of ours first."""
    members: Any = Kind.family.members()
    return sorted(members.values(), key=lambda kind: (kind.name != OWN, kind.name))


def near_models(name: str, of: type[Kind]) -> str:
    """What a name that stands for no model may have meant: ``"; write torchvision:resnet18 or ..."``. All exist.

    The very name in another library comes first; else what is spelt alike, of the kind that was asked for first.
    """
    bare = name.partition(":")[2] or name
    known = {kind: kind.nets() for kind in sorted(kinds(), key=lambda kind: kind is not of)}
    found = [kind.written(bare) for kind, nets in known.items() if bare in nets] or [
        kind.written(net) for kind, nets in known.items() for net in get_close_matches(bare, nets, n=2, cutoff=0.7)
    ][:3]
    return f"; write {' or '.join(found)} (tombola list models)" if found else f"; there are {forms()}"


def forms() -> str:
    """How models are written, in one line."""
    return ", ".join(kind.form() for kind in kinds())
