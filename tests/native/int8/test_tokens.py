"""Transformers in int8: layers on tokens of whole sums, all else of floats; C is what the graph says."""

from pathlib import Path

import pytest
import torch
from tests.graphs.encoders import SIZE, network
from tests.graphs.nets import images
from tests.native.int8.nets import answers, rounded
from tests.native.programs import HERE_WIDE, SANITIZED, Machine, difference

from tombola.graphs.cells import CellConv, CellFloats
from tombola.graphs.interpret import interpret
from tombola.graphs.ops import Conv


def test_layers_on_tokens_are_whole_sums_and_near_what_they_round() -> None:
    made, x = network("vit"), images(4, SIZE)
    graph = rounded(made, x)
    kinds = [type(node.op) for node in graph]
    assert kinds.count(CellFloats) == 7  # patches, and three a layer
    assert kinds.count(CellConv) == 2  # those that end in GELU, which are rounded at once
    assert Conv not in kinds
    with torch.no_grad():
        assert difference(interpret(graph, x), made(x)) < 0.1


@pytest.mark.parametrize(
    ("machine", "extra"),
    [(HERE_WIDE[1], ()), *(pytest.param(machine, SANITIZED, marks=pytest.mark.slow) for machine in HERE_WIDE)],
    ids=["width 8, as it is", *(machine.name for machine in HERE_WIDE)],
)
def test_c_is_what_the_graph_says(machine: Machine, extra: tuple[str, ...], tmp_path: Path) -> None:
    machine.require()
    made, x = network("encoder"), images(3, SIZE)
    graph = rounded(made, x)
    ours = answers(graph, x, tmp_path / "net", machine, extra, threads=2, batch=2)
    with torch.no_grad():
        # a sum of floats in another order may round to the next of 256 steps
        assert difference(ours, interpret(graph, x)) < 0.02
