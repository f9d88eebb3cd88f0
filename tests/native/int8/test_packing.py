"""Cells of weights: four input channels side by side, and only those in which something survived."""

from dataclasses import replace

import numpy as np
import torch

from tombola.graphs.cells import CellConv, CellLinear
from tombola.native.int8.packing import pack_cells, pack_dots
from tombola.native.layout import Layout


def conv(weight: torch.Tensor, **more: object) -> CellConv:
    outputs = len(weight)
    made = CellConv(
        weight=weight.to(torch.int8),
        bias=torch.arange(outputs, dtype=torch.int32),
        factor=torch.full((outputs,), 0.5),
        entering=0,
        zero=0,
        least=0,
        largest=255,
    )
    return replace(made, **more)  # type: ignore[arg-type]  # its fields


def test_a_cell_is_kept_if_one_of_its_four_weights_is() -> None:
    weight = torch.zeros(4, 8, 1, 1)
    weight[1, 6] = -3
    weight[3, 0], weight[3, 1] = 5, 7
    found = pack_cells(conv(weight), Layout(2, 5, 5), Layout(1, 5, 5))
    assert found.fields["conv.size"] == 1
    assert found.tables["conv.counts"].tolist() == [0, 1, 0, 1]
    assert np.asarray(found.tables["values"]).view(np.int8).tolist() == [0, 0, -3, 0, 5, 7, 0, 0]
    assert found.tables["bias"].tolist() == [0, 1, 2, 3]


def test_outputs_that_share_their_cells_share_a_list() -> None:
    found = pack_cells(conv(torch.ones(8, 8, 3, 3), padding=(1, 1, 1, 1)), Layout(2, 5, 5, 1), Layout(2, 5, 5, 1))
    assert found.fields["conv.size"] == 4
    assert found.tables["conv.counts"].tolist() == [18, 18]


def test_groups_are_lists_of_their_own_channels() -> None:
    found = pack_cells(conv(torch.full((8, 1, 1, 1), 9.0), groups=8), Layout(2, 5, 5), Layout(2, 5, 5))
    cells = np.asarray(found.tables["values"]).view(np.int8).reshape(-1, 4)
    assert (cells.sum(1)).tolist() == [9] * 8 or int(cells.sum()) == 72
    assert int((cells != 0).sum()) == 8


def test_outputs_are_filled_up_to_whole_cells() -> None:
    found = pack_cells(conv(torch.ones(5, 3, 1, 1)), Layout(1, 5, 5), Layout(2, 5, 5))
    assert found.tables["bias"].tolist() == [0, 1, 2, 3, 4, 0, 0, 0]
    assert found.fields["conv.rows"] == 2


def test_rows_of_a_linear_layer_are_whole_vectors() -> None:
    linear = CellLinear(torch.ones(3, 6, dtype=torch.int8), torch.zeros(3, dtype=torch.int32), torch.ones(3))
    found = pack_dots(linear)
    assert found.fields == {"inputs": 2, "outputs": 3, "stride": 16}
    assert int(np.asarray(found.tables["values"]).view(np.int8).sum()) == 18
