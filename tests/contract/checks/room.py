"""What members are tried on, and how it is seen that they leave alone what they are given."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from tombola.data._text_tried import sentences
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.tasks._base import Task
from tombola.tasks.contrastive import Contrastive
from tombola.tasks.spans import Spans
from tombola.tasks.text_regression import TextRegression
from tombola.verbs import as_network

Check: TypeAlias = Callable[[Any], None]
"""Takes a member and raises what is wrong with it; whatever the member itself raises is wrong too."""


@contextmanager
def untouched(model: nn.Module, *tensors: Tensor) -> Iterator[None]:
    """Inside, nothing may change the model (weights, modes, gradients, which of them are wanted), tensors, or luck."""
    before, copies, drawn = _state(model), [tensor.clone() for tensor in tensors], torch.get_rng_state()
    yield
    assert _state(model) == before, "the model given was changed"
    assert all(map(torch.equal, tensors, copies)), "a tensor given was changed"
    assert torch.equal(torch.get_rng_state(), drawn), "torch's own random numbers were drawn from"


def _state(model: nn.Module) -> tuple[Any, ...]:
    modes = [module.training for module in model.modules()]
    wanted = [(parameter.requires_grad, parameter.grad is None) for parameter in model.parameters()]
    return weights_digest(model), modes, wanted


def finite(tensor: Tensor) -> None:
    """Raises for NaN and infinities."""
    assert bool(torch.isfinite(tensor).all()), "not all numbers are finite"


def rng(seed: int = 0) -> torch.Generator:
    """A generator at ``seed``."""
    return torch.Generator().manual_seed(seed)


def pruned(model: Network) -> Masks:
    """Every third weight of both convolutions, and all of the first one's first channel."""
    found = {name: torch.arange(model.body.get_parameter(name).numel()) % 3 != 0 for name in ("0.weight", "3.weight")}
    shaped = {name: mask.view(model.body.get_parameter(name).shape) for name, mask in found.items()}
    shaped["0.weight"][0] = False
    return Masks(shaped)


def deeper() -> Network:
    """Three convolutions, two of one shape, and a head: what a scheme may prune."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(),
            nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(),
            nn.Conv2d(6, 6, 3, padding=1, stride=2), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3),
        )  # fmt: skip
    return Network(body, source="toy")


@cache
def scenes() -> Task:
    """A few small pictures with a class at each pixel."""
    data = {"name": "shapes", "size": 16, "num_train": 8, "num_val": 2, "num_test": 6}
    return Task.parse({"name": "segmentation", "data": data})


@cache
def boxed() -> Task:
    """A few small pictures with boxes."""
    data = {"name": "boxed_shapes", "size": 16, "num_train": 8, "num_val": 2, "num_test": 6}
    return Task.parse({"name": "detection", "data": data})


@cache
def hidden_words() -> Task:
    """A few paragraphs with words hidden, for nets of 300 words."""
    return Task.parse({"name": "mlm", "data": {"name": "prose", "num_train": 20, "tokenizer": "plain:300"}})


@cache
def told_texts() -> Task:
    """A few texts that praise or do not, for nets of 300 words."""
    file = Path(mkdtemp(), "told.csv")
    rows = [f"{text},{label}" for label, end in (("positive", "calm"), ("negative", "loud")) for text in sentences(end)]
    file.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return Task.parse({"name": f"text:{file}", "tokenizer": "plain:300"})


@cache
def numbers() -> Task:
    """A few texts with a number each, for nets of 300 words."""
    return TextRegression.examples(Path(mkdtemp()))[0]


@cache
def passages() -> Task:
    """A few passages with questions, for nets of 300 words."""
    return Spans.examples(Path(mkdtemp()))[0]


@cache
def two_views() -> Task:
    """A few digits, each to be known again."""
    return Contrastive.examples(Path(mkdtemp()))[0]


@cache
def residual() -> Network:
    """A small net of ours, whose maps a segmentation head can read; copy it before changing it."""
    return as_network({"name": "resnet8", "width": 0.25})


@cache
def segmenter() -> Network:
    """`residual` with a head for `scenes`; copy it before changing it."""
    return scenes().head(residual(), generator=rng())


@cache
def detector() -> Network:
    """`residual` with a head for `boxed`; copy it before changing it."""
    return boxed().head(residual(), generator=rng())


def same(one: nn.Module, other: nn.Module) -> bool:
    """Whether two networks have the same tensors, bit for bit."""
    return weights_digest(one) == weights_digest(other)
