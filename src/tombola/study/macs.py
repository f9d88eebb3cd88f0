"""`forward_macs`: multiply-adds of one image through a net, counted on the meta device: no weights, values or data.

Counted are matrix products, convolutions and attention, as torch's own counter does; norms and activations are not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from tombola.batch import blank
from tombola.models.embeddings import table_of
from tombola.models.heads._base import Head
from tombola.models.network import Network
from tombola.models.segmenting import segmenting
from tombola.models.source import Plain, Source


@lru_cache(maxsize=256)
def forward_macs(
    net: str,
    pixels: int,
    classes: int,
    *,
    width: float = 1.0,
    decoder: Head | str | None = None,
    stride: int | None = None,
) -> int:
    """Of an RGB image of ``pixels`` a side through the net called ``net`` (`Source.bare`) and so many outputs.

    >>> round(forward_macs("resnet20", 32, 10) / 1e6)
    41
    """
    network = _empty(net, width, classes)
    if decoder is not None:
        with torch.device("meta"):
            network = segmenting(network, decoder, classes, output_stride=stride, seed=0)
    image = blank(pixels).x.to("meta")
    with torch.no_grad(), _attention_in_steps(), FlopCounterMode(display=False) as counter:
        network.to("meta").eval()(image)
    return int(counter.get_total_flops()) // 2


@lru_cache(maxsize=256)
def text_macs(
    net: str, options: tuple[tuple[str, Plain], ...], tokens: int, classes: int, asked: float | None = None
) -> int:
    """Of a text of so many tokens; where a share of the words is ``asked`` for, the head of words at those is counted.

    That head is a square layer and the net's own table of words.
    """
    network = _encoder(net, options, classes)
    # language models look at numbers to see whether texts were packed, which they do not of tensors said to be fake
    with torch.device("meta"), FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), _attention_in_steps():
        ids = torch.zeros(1, tokens, dtype=torch.int64)
        with FlopCounterMode(display=False) as counter:
            network.body(ids)  # none is filled up
    macs = int(counter.get_total_flops()) // 2
    if asked is None:
        return macs
    words, width = table_of(network.body).weight.shape
    return macs + round(asked * tokens) * width * (width + words)


def parameters_of(net: str, options: tuple[tuple[str, Plain], ...]) -> int:
    """Numbers in a net of texts that would have to be kept in memory; none is made."""
    return sum(weight.numel() for weight in _encoder(net, options, 2).parameters())


def _encoder(net: str, options: tuple[tuple[str, Plain], ...], classes: int) -> Network:
    with torch.device("meta"):
        return Source(name=net, options=options).load(num_classes=max(2, classes)).to("meta").eval()


def _empty(net: str, width: float, classes: int) -> Network:
    try:
        with torch.device("meta"):
            found = Source(name=net, width=width).load(num_classes=classes)
    except (RuntimeError, NotImplementedError):  # some nets look at numbers while they are built
        found = Source(name=net, width=width).load(num_classes=classes)
    return found.to("meta")


@contextmanager
def _attention_in_steps() -> Iterator[None]:
    """Without torch's fused encoder layers, whose products its counter does not see."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
