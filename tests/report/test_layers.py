"""Rows about single layers: read apart, drawn once where they are shared, and no part of anything else."""

from random import Random
from xml.etree import ElementTree as ET

import pytest
from tests.report.rows import LAYERS, layer_rows

from tombola.report.about import About
from tombola.report.curves import read_results
from tombola.report.figures._base import Drawn, Figure
from tombola.report.layer_chart import Column
from tombola.report.layers import Part, read_layers
from tombola.report.page import page
from tombola.report.table import text_table
from tombola.rows import Row


def drawn(rows: list[Row]) -> Drawn:
    found = Figure.parse("by_layer").draw(rows, About())
    assert found is not None
    return found


def test_layers_stand_in_the_networks_order() -> None:
    rows = layer_rows()
    Random(1).shuffle(rows)
    assert read_layers(rows).names == LAYERS


def test_what_several_transfers_share_counts_once() -> None:
    layers = read_layers(layer_rows())
    assert (layers.axes.colour, layers.axes.panels) == ("scheme", ())
    assert layers.colours == ("omp", "random")
    assert len(layers.parts) == 3
    summary = layers.parts[Part("layer_density", "%", (), 0.9)]["omp"]["conv1.weight"]
    assert summary.n == 2
    assert summary.mean == pytest.approx(15, abs=0.5)


def test_what_is_not_shared_has_panels_of_its_own() -> None:
    assert read_layers(layer_rows(shared=False)).axes.panels == ("transfer",)


def test_other_figures_tables_and_the_headline_do_not_see_them() -> None:
    results = read_results(layer_rows())
    assert [(measure.subject, measure.metric, measure.budget) for measure in results.summaries] == [
        ("density", "density", "")
    ]
    for text in (text_table(layer_rows()), *_tables(layer_rows())):
        assert "conv1" not in text
    assert "test samples" not in page(layer_rows(), About())


def test_a_value_that_is_the_same_for_all_transfers_has_one_panel_without_a_name() -> None:
    results = read_results(layer_rows())
    (measure,) = results.measures
    assert results.panels == (("finetune",), ("linear",))
    assert results.panels_of(measure) == {("finetune",): ""}
    curves = Figure.parse("sparsity_curves").draw(layer_rows(), About())
    assert curves is not None
    assert curves.fragment.count('class="plot"') == 1
    assert "finetune" not in curves.fragment
    assert "A panel without a name holds for all settings." in curves.caption
    assert "finetune" not in text_table(layer_rows())
    other = [row for row in layer_rows() if row.cell["transfer"] == "linear" or row.seed == 0]
    assert read_results(other).panels_of(measure) == {("finetune",): "finetune", ("linear",): "linear"}


def _tables(rows: list[Row]) -> list[str]:
    found = [Figure.parse(name).draw(rows, About()) for name in Figure.family.names() if name != "by_layer"]
    return [str(piece.table) for piece in found if piece is not None]


def test_a_panel_a_sparsity_a_line_a_level_a_marker_a_layer() -> None:
    piece = drawn(layer_rows())
    counts = {kind: piece.fragment.count(f'class="{kind}"') for kind in ("plot", "curve", "hit", "bar", "cross")}
    assert counts == {"plot": 2, "curve": 4 + 2, "hit": 2 * len(LAYERS), "bar": 4, "cross": 2}, "two in the legend"
    assert "80 % pruned" in piece.fragment
    assert "0 % pruned</figcaption>" not in piece.fragment.replace("80 %", "").replace("90 %", "")
    assert "layer10.0.conv1<" in piece.fragment
    ET.fromstring(f"<div>{piece.fragment}</div>")


def test_the_table_has_every_layer_of_every_ticket() -> None:
    table = drawn(layer_rows()).table
    assert table is not None
    assert table.header == ("measured", "scheme", "sparsity", "layer", "mean", "std", "seeds")
    assert len(table.rows) == 2 * 3 * len(LAYERS)
    assert table.rows[0][:4] == ("density (%)", "omp", "0 %", "conv1.weight")


def test_rows_that_are_dense_only_leave_the_table() -> None:
    piece = drawn([row for row in layer_rows() if row.cell["draw.sparsity"] == 0])
    assert piece.fragment == ""
    assert piece.table is not None


def test_long_names_lose_their_beginning_and_many_layers_stand_closer() -> None:
    column = Column(tuple(f"encoder.layers.encoder_layer_{k}.mlp.0.weight" for k in range(200)), 100.0, "%", "density")
    assert column.labels[7] == "…encoder_layer_7.mlp.0"
    assert column.height < 1300
    assert column.x(100.0) <= 420
