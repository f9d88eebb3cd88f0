"""`Network`: any body behind its input layer, with a head that can be found and replaced."""

import copy
from dataclasses import replace
from typing import Any, Final

import torch
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.masks.masks import Masks
from tombola.models.adapted import Adapted
from tombola.models.embeddings import table_in
from tombola.models.heads._base import OVER_MAPS, Head, ShowsTokens, head_of
from tombola.models.inputs._base import InputLayer
from tombola.models.inputs.pixels import Normalise
from tombola.models.origin import Origin

_OF_INPUTS: Final = ("normalise", "input")
_OF_HEADS: Final = ("decoder", "output_stride")


class Network(nn.Module):
    """A body behind its input layer: ``body(normalise(x))`` of images in [0, 1]; token ids reach their body as ids.

    What the body takes beside ``x`` is given by name: ``network(ids, attention_mask=mask)``. Tensor names in masks and
    tickets are the body's own. The input layer is called ``normalise`` whatever it does, as files have it. ``origin``
    says where its weights come from; given as a text, it is a net that no name builds. ``adapted`` says what its head
    answers, where it was adapted to a task; ``masks`` which weights are pruned, where a training ended with others than
    it was given.

    >>> model = Network(nn.Sequential(nn.Flatten(), nn.Linear(48, 10)), source="my net")
    >>> str(model.origin), model.adapted
    ('my net', None)
    >>> model(torch.rand(2, 3, 4, 4)).shape, model.features(torch.rand(2, 3, 4, 4)).shape
    (torch.Size([2, 10]), torch.Size([2, 48]))
    """

    def __init__(
        self, body: nn.Module, normalise: InputLayer | None = None, *, source: str | Origin, head: str | None = None
    ) -> None:
        super().__init__()
        self.normalise: InputLayer = normalise or Normalise()
        self.body = body
        self.origin = source if isinstance(source, Origin) else Origin.unnamed(source)
        self.adapted: Adapted | None = None
        self.masks: Masks | None = None
        self.head_name = head or find_head(body)
        self.head_kind = head_of(self.head)

    def forward(self, x: Tensor, **more: Tensor) -> Any:
        return self.normalise.run(self.body, x, more)

    @property
    def pixels(self) -> Normalise:
        """The input layer of a network of images; raises `ModelError` for another."""
        if not isinstance(self.normalise, Normalise):
            raise ModelError(f"{self.source} reads no images; write a model of images, such as torchvision:resnet18")
        return self.normalise

    @property
    def source(self) -> str:
        """Its origin in words."""
        return str(self.origin)

    @property
    def head(self) -> nn.Module:
        """The last layer, the one a new task replaces; which kind of head it is says ``head_kind``."""
        return self.body.get_submodule(self.head_name)

    def features(self, x: Tensor, **more: Tensor) -> Tensor:
        """What enters the head, (N, F); averaged over positions where the head is applied at many."""
        caught: list[Any] = []
        handle = self.head.register_forward_pre_hook(lambda _module, inputs: caught.append(inputs[0]))
        try:
            self(x, **more)
        finally:
            handle.remove()
        if not caught:
            raise ModelError(f"{self.source}: {self.head_name!r} is not its head, nothing ever reaches it")
        last = caught[-1][-1] if self.head_kind.READS == "levels" else caught[-1]
        return _pooled(last, channels_first=isinstance(self.head, nn.Conv2d) or self.head_kind.READS in OVER_MAPS)

    def copy(self) -> "Network":
        """A deep copy that shares no tensor."""
        return copy.deepcopy(self)

    def with_head(self, num_outputs: int, *, generator: torch.Generator, head: Head | str = "linear") -> "Network":
        """A copy whose head is a fresh one of ``num_outputs``, initialised from ``generator``; it answers no task.

        Heads over maps need another body: see `tombola.models.heading`.
        """
        kind, new = Head.parse(head), self.copy()
        features = head_of(new.head).entered(new.head)
        _show(new.body, kind)
        fresh = kind.make(replace(features, table=table_in(new.body)), num_outputs, generator=generator)
        new._put(fresh.to(next(new.body.parameters())).train(new.head.training))
        new.adapted, new.masks, new.head_kind, new.origin = None, None, kind, origin_with(new.origin, kind)
        new.normalise = new.normalise.under_another_head().train(new.normalise.training)
        return new

    def _put(self, head: nn.Module) -> None:
        parent, _, leaf = self.head_name.rpartition(".")
        setattr(self.body.get_submodule(parent), leaf, head)


def find_head(body: nn.Module) -> str:
    """The name of the body's head, the layer a new task replaces.

    In the part a timm model calls its classifier, or anywhere: the last Linear layer, else the last 1x1 convolution.
    Auxiliary heads do not count. Raises `ModelError` when there is none.
    """
    ask: object = getattr(body, "get_classifier", None)
    part = ask() if callable(ask) else body
    where = next((name for name, module in body.named_modules() if module is part), None)
    if where is None or not isinstance(part, nn.Module):
        raise ModelError(f"{type(body).__name__} has no single head; name one with head='...'")
    inside = _last_layer(part)
    if inside is None:
        raise ModelError(f"{type(body).__name__} has no Linear layer to serve as its head; name one with head='...'")
    return ".".join(filter(None, (where, inside)))


def _last_layer(part: nn.Module) -> str | None:
    linear: dict[str, nn.Linear] = {}
    pointwise: list[str] = []
    for name, module in part.named_modules():
        if any(step.lower().startswith("aux") for step in name.split(".")):
            continue
        if isinstance(module, nn.Linear):
            linear[name] = module
        elif isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1):
            pointwise.append(name)
    _require_one(part, linear)
    layers = [*linear] or pointwise
    return layers[-1] if layers else None


def _require_one(part: nn.Module, linear: dict[str, nn.Linear]) -> None:
    """Refuses layers side by side: that read what the last one reads, and give what it cannot read."""
    if not linear:
        return
    name, last = list(linear.items())[-1]
    parent = name.rpartition(".")[0]
    beside = [
        other
        for other, layer in linear.items()
        if other.rpartition(".")[0] == parent and layer.in_features == last.in_features != layer.out_features
    ]
    if len({*beside, name}) > 1 and not isinstance(part.get_submodule(parent), nn.Sequential):
        raise ModelError(
            f"{type(part).__name__} has several last layers ({', '.join(dict.fromkeys([*beside, name]))}); name the one"
            " that a new task replaces with head='...'"
        )


def origin_of(network: Network) -> Origin:
    """Its origin with the first layer that the network has now, so that the same net can be built from it."""
    if not network.origin.can_be_built:
        return network.origin
    named = {name: value for name, value in network.origin.source.items() if name not in _OF_INPUTS}
    return network.origin.replace(source={**named, **network.normalise.described()})


def origin_with(origin: Origin, kind: Head) -> Origin:
    """The origin of a network that got another head, so that the same net can be built from it."""
    if kind.name != "linear":
        return origin.shaped(decoder=kind.text)
    return origin.replace(source={name: value for name, value in origin.source.items() if name not in _OF_HEADS})


def num_outputs(head: nn.Module) -> int:
    """How many outputs a head has; raises `ModelError` for a layer that cannot be a head."""
    return head_of(head).outputs(head)


def _show(body: nn.Module, kind: Head) -> None:
    """Has a body show its head what that reads, in place; raises `ModelError` where it cannot."""
    if isinstance(body, ShowsTokens) and kind.READS not in OVER_MAPS:
        body.reads = kind.READS
    elif kind.READS != "a vector":
        way = "tombola.models.heading.headed" if kind.READS in OVER_MAPS else "an encoder of texts, such as hf:FOLDER"
        raise ModelError(f"head={kind.name} reads {kind.READS}, and {type(body).__name__} shows a vector; take {way}")


def _pooled(x: Tensor, *, channels_first: bool) -> Tensor:
    if x.ndim <= 2:
        return x
    return (x.flatten(2).transpose(1, 2) if channels_first else x.flatten(1, -2)).mean(1)
