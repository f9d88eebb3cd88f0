"""`Network`: any body behind its input layer, with a head that can be found and replaced."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.adapted import Adapted
from tombola.models.inputs._base import InputLayer
from tombola.models.inputs.pixels import Normalise
from tombola.models.origin import Origin


class Network(nn.Module):
    """A body behind its input layer: ``body(normalise(x))`` of images in [0, 1]; token ids reach their body as ids.

    What the body takes beside ``x`` is given by name: ``network(ids, attention_mask=mask)``. Tensor names in masks and
    tickets are the body's own. The input layer is called ``normalise`` whatever it does, as files have it. ``origin``
    says where its weights come from; given as a text, it is a net that no name builds. ``adapted`` says what its head
    answers, where it was adapted to a task.

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
        self.head_name = head or find_head(body)
        num_outputs(self.head)

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
        """The last layer, Linear or a 1x1 convolution: the one a new task replaces."""
        return self.body.get_submodule(self.head_name)

    def features(self, x: Tensor, **more: Tensor) -> Tensor:
        """What enters the head, (N, F); averaged over positions where the head is applied at many."""
        caught: list[Tensor] = []
        handle = self.head.register_forward_pre_hook(lambda _module, inputs: caught.append(inputs[0]))
        try:
            self(x, **more)
        finally:
            handle.remove()
        if not caught:
            raise ModelError(f"{self.source}: {self.head_name!r} is not its head, nothing ever reaches it")
        return _pooled(caught[-1], channels_first=isinstance(self.head, nn.Conv2d | nn.Sequential))

    def copy(self) -> "Network":
        """A deep copy that shares no tensor."""
        return copy.deepcopy(self)

    def with_head(self, num_outputs: int, *, generator: torch.Generator) -> "Network":
        """A copy whose head is a fresh layer of ``num_outputs``, initialised from ``generator``; it answers no task."""
        new = self.copy()
        new.adapted = None
        parent, _, leaf = new.head_name.rpartition(".")
        fresh = _fresh(new.head, num_outputs, generator)
        setattr(new.body.get_submodule(parent), leaf, fresh)
        return new


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
    linear: list[str] = []
    pointwise: list[str] = []
    for name, module in part.named_modules():
        if any(step.lower().startswith("aux") for step in name.split(".")):
            continue
        if isinstance(module, nn.Linear):
            linear.append(name)
        elif isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1):
            pointwise.append(name)
    layers = linear or pointwise
    return layers[-1] if layers else None


def origin_of(network: Network) -> Origin:
    """Its origin with the normaliser that the network has now, so that the same net can be built from it."""
    if not network.origin.can_be_built or not isinstance(network.normalise, Normalise):
        return network.origin
    named = {name: value for name, value in network.origin.source.items() if name != "normalise"}
    mean, std = (part.flatten().tolist() for part in (network.normalise.mean, network.normalise.std))
    return network.origin.replace(source={**named, "mean": mean, "std": std})


def num_outputs(head: nn.Module) -> int:
    """How many outputs a head has; raises `ModelError` for a layer that cannot be a head."""
    if isinstance(head, nn.Linear):
        return head.out_features
    if isinstance(head, nn.Conv2d) and head.kernel_size == (1, 1):
        return head.out_channels
    if isinstance(head, nn.Sequential) and len(head):
        return num_outputs(head[-1])  # a segmentation head ends in a 1x1 convolution
    raise ModelError(f"a head is a Linear layer or a 1x1 convolution, this one is a {type(head).__name__}")


def _pooled(x: Tensor, *, channels_first: bool) -> Tensor:
    if x.ndim <= 2:
        return x
    return (x.flatten(2).transpose(1, 2) if channels_first else x.flatten(1, -2)).mean(1)


def _fresh(old: nn.Module, outputs: int, generator: torch.Generator) -> nn.Module:
    """A layer like ``old`` with other outputs: uniform within 1/sqrt(inputs), as torch's own default."""
    num_outputs(old)
    if isinstance(old, nn.Sequential):
        raise ModelError(
            "this network answers at every pixel, and a classifier is asked for; give the classifier it was made from"
        )
    new: nn.Linear | nn.Conv2d
    with torch.device("meta"):  # no values yet, so nothing is drawn from the global generator
        if isinstance(old, nn.Conv2d):
            inputs = old.in_channels
            new = nn.Conv2d(inputs, outputs, 1)
        else:
            assert isinstance(old, nn.Linear)
            inputs = old.in_features
            new = nn.Linear(inputs, outputs)
    weight = next(old.parameters())
    new = new.to_empty(device=weight.device).to(weight.dtype).train(old.training)
    with torch.no_grad():
        for tensor in new.parameters():
            drawn = torch.empty(tensor.shape, device="cpu").uniform_(-(inputs**-0.5), inputs**-0.5, generator=generator)
            tensor.copy_(drawn)
    return new
