"""One small exported net of texts for the tests of what is done with it, built once."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from tests.models.encoders import encoder

from tombola.batch import Batch
from tombola.models.network import Network
from tombola.models.showing import drawn, shown_to
from tombola.native.folder import write_folder
from tombola.shown import ShownTexts

LENGTH = 20
FAST = ("-O1",)
"""Built in a moment."""


@cache
def network() -> Network:
    """A BERT of one layer for which half of the weights are pruned; not to be changed."""
    made = encoder(num_hidden_layers=1)
    generator = torch.Generator().manual_seed(1)
    for module in made.body.modules():
        if isinstance(module, torch.nn.Linear):
            module.weight.data *= torch.rand(module.weight.shape, generator=generator) < 0.5
    return made


@cache
def _kept() -> "TemporaryDirectory[str]":
    return TemporaryDirectory()


@cache
def folder() -> Path:
    """Its folder; what is built stays for the other tests of this process."""
    out = Path(_kept().name) / "net"
    write_folder(network(), shown(), out, target="plain")
    return out


def shown() -> ShownTexts:
    """What it is shown."""
    found = shown_to(network(), length=LENGTH)
    assert isinstance(found, ShownTexts)
    return found


def texts(count: int = 5) -> Batch:
    """Random ones, the first as long as goes, the others filled up."""
    return drawn(shown(), count, torch.Generator().manual_seed(2))
