"""`trace` and `trace_texts`: the `Graph` of a network for images of one size, or texts, read off ``torch.export``."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace
from io import StringIO
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx import config

from tombola.errors import ModelError
from tombola.graphs.asked import Ids, Value
from tombola.graphs.graph import Graph, Node
from tombola.graphs.ops import Input
from tombola.graphs.reading import Entry, Reading, shape_of
from tombola.graphs.tokens import TokenIds
from tombola.graphs.views import whole
from tombola.models.by_place import ByPlace
from tombola.models.network import Network
from tombola.shown import MASK, ShownTexts


def trace(network: nn.Module, size: tuple[int, int, int]) -> Graph:
    """What ``network``, which is not changed, computes in evaluation of images (C, H, W) of this ``size``.

    A `Network`'s layers are named as in its body. Raises `ModelError` naming the layer of an operation no graph has.
    """
    if min(size) < 1:
        raise ModelError(f"size {size}: give the images' channels, height and width, e.g. (3, 224, 224)")
    said = f"images of {'x'.join(map(str, size))}: {{}}; give the size it takes,"
    said += " and no branches that depend on the images' values"
    return _graph(_exported(network, (torch.zeros(1, *size),), said), _image)


def trace_texts(network: Network, shown: ShownTexts) -> Graph:
    """What ``network``, which is not changed, computes in evaluation of texts that fill their length with tokens.

    The graph's input is (inputs, 1, tokens): ids, and beside them what ``shown`` names, but for the mask.
    """
    names = tuple(name for name in shown.names if name != MASK)
    ids = torch.zeros(1, shown.length, dtype=torch.int64)
    program = _exported(
        ByPlace(network, replace(shown, beside=names[1:])),
        tuple(ids.clone() for _ in names),
        f"{shown.said}: {{}}; give a length it has places for, and no branches that depend on the words",
    )
    entry = Node("texts", TokenIds(names, shown.pad), (), (len(names), 1, shown.length))

    def text(reading: Reading, _node: fx.Node) -> Value:
        if not reading.now:
            reading.growing.nodes[entry.name] = entry
        return Ids(len(reading.now))

    return _graph(program, text)


def _image(reading: Reading, node: fx.Node) -> Value:
    shape = shape_of(node)[1:]
    return whole(reading.growing.put(node.name, Input(), (), shape), shape)


def _graph(program: Any, entry: Entry) -> Graph:
    reading = Reading(_tensors(program), entry)
    for node in program.graph.nodes:
        reading.step(node)
    return reading.graph()


def _exported(network: nn.Module, inputs: tuple[Tensor, ...], said: str) -> Any:
    """The program; ``said`` is what it is followed for, and what to try where it cannot be."""
    model = copy.deepcopy(network).to("cpu", torch.float32).eval().requires_grad_(requires_grad=False)
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()), torch.no_grad(), _without_stack_traces():
            warnings.simplefilter("ignore")  # and what it prints are the graphs it gave up
            return torch.export.export(model, inputs, strict=False)
    except Exception as error:  # torch.export raises what the net's own code raises
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"this network cannot be followed for {said.format(first)}") from error


@contextmanager
def _without_stack_traces() -> Iterator[None]:
    """Where in the code each operation was asked for is read by nobody here, and a sixth of the time to collect."""
    before = config.do_not_emit_stack_traces
    config.do_not_emit_stack_traces = True
    try:
        yield
    finally:
        config.do_not_emit_stack_traces = before


def _tensors(program: Any) -> dict[str, tuple[str, Tensor]]:
    """The tensors among the graph's inputs: state name and value by the placeholder's name."""
    found: dict[str, tuple[str, Tensor]] = {}
    for spec in program.graph_signature.input_specs:
        if spec.target is None:
            continue
        value = program.state_dict.get(spec.target, program.constants.get(spec.target))
        if isinstance(value, Tensor):
            found[spec.arg.name] = (spec.target.removeprefix("body."), value.detach())
    return found
