"""`Asked`: one call of an exported program whose values are views; what readers of such calls work with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor, fx

from tombola.graphs.call import Call, Unsupported
from tombola.graphs.graph import Shape
from tombola.graphs.growing import Growing
from tombola.graphs.views import Axes, View, in_order


@dataclass(frozen=True, eq=False)
class Scores:
    """What an attention has made of queries and keys so far: ``scale q k + bias``, of this shape.

    ``weights``: whether softmax has made weights of it.
    """

    queries: View
    keys: View
    shape: Shape
    scale: float = 1.0
    bias: Tensor | None = None
    weights: bool = False


@dataclass(frozen=True)
class Ids:
    """What the tokens of a text are, as given: input number ``place`` of the network's."""

    place: int


Value: TypeAlias = View | Scores | Ids | tuple[View, ...]


@dataclass(frozen=True)
class Asked:
    """``values``: what the call reads that depends on the images, by its name in the program; ``shape``: the answer's,
    its batch of one included.
    """

    node: fx.Node
    call: Call
    values: Mapping[str, Value]
    growing: Growing
    shape: Shape

    @property
    def name(self) -> str:
        return self.node.name

    def get(self, place: int, name: str, default: Any = None) -> Any:
        """An argument by place or name: a tensor as its value, what depends on the images as a view."""
        given = self.call.get(place, name, default)
        return self.values.get(given.name, given) if isinstance(given, fx.Node) else given

    def view(self, place: int = 0, name: str = "input") -> View:
        """An argument that must be a view."""
        return viewed(self.get(place, name))

    def dim(self, given: int) -> int:
        """A dimension of the first argument, from the front."""
        return given % len(self.view().dims)


Reader: TypeAlias = Callable[[Asked], Value | Tensor | None]


def viewed(value: object) -> View:
    """The value, which must be a view."""
    if isinstance(value, View):
        return value
    if isinstance(value, Scores):
        raise Unsupported("scores of an attention are scaled, shifted by a constant and made weights, nothing else")
    raise Unsupported("a value that is computed elsewhere, or several at once, where one map is read")


def of_last(dims: tuple[Axes, ...], features: int, name: str) -> View:
    """A layer's result: the pixels of what it read, and channels of its own as the last dimension."""
    return View(name, (*dims[:-1], in_order(features, "channels")))


def over_tokens(view: View, features: int, growing: Growing) -> Shape:
    """The shape of a map with the pixels of a view's map and so many channels."""
    return (features, *growing.shape(view)[1:])
