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
    weight = torch.zeros(4, 256, 1, 1)
    for cell in range(64):
        weight[cell % 4, 4 * cell + cell % 3] = cell + 1
    weight[0, 3] = 7
    found = pack_cells(conv(weight), Layout(64, 28, 28), Layout(1, 28, 28))
    assert found.fields["conv.size"] == 1
    assert found.tables["conv.counts"].tolist() == [16, 16, 16, 16]
    values = np.asarray(found.tables["values"]).view(np.int8).reshape(4, 16, 4)
    assert values[0, 0].tolist() == [1, 0, 0, 7]
    assert values[1, ::-1].tolist() == [
        [cell + 1 if place == cell % 3 else 0 for place in range(4)] for cell in range(1, 64, 4)
    ], "every second list goes back"
    assert found.tables["bias"].tolist() == [0, 1, 2, 3]


def test_short_maps_share_their_lists() -> None:
    weight = (torch.rand(8, 384, generator=torch.Generator().manual_seed(0)) < 0.7).float()[..., None, None]
    blocks = weight[:, ::4].repeat_interleave(4, 1)  # 70 % of the cells, as they come
    sizes = [
        pack_cells(conv(blocks), Layout(96, 1, width), Layout(2, 1, width)).fields["conv.size"] for width in (64, 512)
    ]
    assert sizes == [4, 2], "a text of 32 words is two vectors: loading a weight costs as much as half of its products"


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
