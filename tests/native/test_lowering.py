"""From a graph to steps: which functions are called, and which maps share memory."""

from typing import TypeAlias

import pytest
import torch
from tests.native.graphs import conv, kinds, linear, lowered

from tombola.errors import ModelError
from tombola.graphs.graph import Shape
from tombola.graphs.ops import Activate, Adaptive, Add, Concat, Flatten, Mul, Op, Scale, Widen

Made: TypeAlias = tuple[str, Op, tuple[str, ...], Shape]
HEAD: tuple[Made, ...] = (
    ("pool", Adaptive(), ("last",), (4, 1, 1)),
    ("flat", Flatten(), ("pool",), (4,)),
    ("fc", linear(5, 4), ("flat",), (5,)),
)
IMAGE = (3, 6, 6)


def test_the_normaliser_is_how_images_enter_and_a_vector_is_flat_already() -> None:
    scale = Scale(torch.ones(3), torch.zeros(3))
    program = lowered(IMAGE, ("normal", scale, ("x",), IMAGE), ("last", conv(4, 3), ("normal",), (4, 6, 6)), *HEAD)
    assert kinds(program) == ["enter", "conv", "adaptive", "linear"]
    assert program.steps[0].name == "normal"
    assert program.image == IMAGE


def test_images_enter_unscaled_where_more_than_one_reads_them() -> None:
    scale = Scale(torch.ones(3), torch.zeros(3))
    nodes: list[Made] = [("normal", scale, ("x",), IMAGE), ("sum", Add(), ("normal", "x"), IMAGE)]
    program = lowered(IMAGE, *nodes, ("last", conv(4, 3), ("sum",), (4, 6, 6)), *HEAD)
    assert kinds(program) == ["enter", "scale", "add", "conv", "adaptive", "linear"]


def test_maps_of_one_size_have_the_widest_margin_that_any_reader_needs() -> None:
    nodes: list[Made] = [("a", conv(4, 3, 5), ("x",), (4, 6, 6)), ("last", conv(4, 4), ("a",), (4, 6, 6))]
    program = lowered(IMAGE, *nodes, *HEAD)
    assert {step.writes.layout.margin for step in program.steps[:3]} == {2}
    assert program.result.layout.margin == 0


def test_the_parts_of_a_concatenation_are_written_into_it() -> None:
    nodes: list[Made] = [
        ("a", conv(2, 3), ("x",), (2, 6, 6)),
        ("b", conv(1, 3), ("x",), (1, 6, 6)),
        ("c", Concat(), ("a", "b"), (3, 6, 6)),
        ("d", conv(1, 3), ("c",), (1, 6, 6)),
        ("last", Concat(), ("d", "c"), (4, 6, 6)),
    ]
    program = lowered(IMAGE, *nodes, *HEAD)
    assert kinds(program) == ["enter", "conv", "conv", "conv", "adaptive", "linear"]
    plane = program.steps[1].writes.layout.plane
    assert [step.writes.offset for step in program.steps[1:4]] == [plane, 3 * plane, 0]
    assert len({step.writes.buffer for step in program.steps[1:4]}) == 1


def test_a_growing_concatenation_lies_in_the_last_one() -> None:
    nodes: list[Made] = [
        ("a", conv(1, 3), ("x",), (1, 6, 6)),
        ("b", conv(1, 1), ("a",), (1, 6, 6)),
        ("ab", Concat(), ("a", "b"), (2, 6, 6)),
        ("c", conv(1, 2), ("ab",), (1, 6, 6)),
        ("abc", Concat(), ("a", "b", "c"), (3, 6, 6)),
        ("d", conv(1, 3), ("abc",), (1, 6, 6)),
        ("last", Concat(), ("d", "b", "a", "c"), (4, 6, 6)),
    ]
    program = lowered(IMAGE, *nodes[:-1], ("last", Concat(), ("a", "b", "c", "d"), (4, 6, 6)), *HEAD)
    assert kinds(program) == ["enter", "conv", "conv", "conv", "conv", "adaptive", "linear"]
    assert len({step.writes.buffer for step in program.steps[1:5]}) == 1
    program = lowered(IMAGE, *nodes, *HEAD)  # in another order they cannot be side by side twice
    assert kinds(program).count("copy") == 5


def test_a_part_that_stands_twice_or_in_two_places_is_copied_once() -> None:
    nodes: list[Made] = [("a", conv(2, 3), ("x",), (2, 6, 6)), ("last", Concat(), ("a", "a"), (4, 6, 6))]
    program = lowered(IMAGE, *nodes, *HEAD)
    assert kinds(program) == ["enter", "conv", "copy", "adaptive", "linear"]
    assert program.steps[2].reads[0] != program.steps[2].writes


def test_new_channels_lie_beside_the_old_ones() -> None:
    nodes: list[Made] = [("a", conv(2, 3), ("x",), (2, 6, 6)), ("last", Widen(1, 1), ("a",), (4, 6, 6))]
    program = lowered(IMAGE, *nodes, *HEAD)
    _, a, wide, *_ = program.steps
    assert wide.kind == "widen"
    assert a.writes.buffer == wide.writes.buffer
    assert a.writes.offset == a.writes.layout.plane


def test_element_by_element_happens_in_place_where_nobody_else_reads() -> None:
    nodes: list[Made] = [("a", conv(4, 3), ("x",), (4, 6, 6)), ("b", Activate("relu"), ("a",), (4, 6, 6))]
    twice: Made = ("last", Mul(), ("b", "a"), (4, 6, 6))
    alone: Made = ("last", Activate("silu"), ("b",), (4, 6, 6))
    program = lowered(IMAGE, *nodes, alone, *HEAD)
    assert len({step.writes.buffer for step in program.steps[1:4]}) == 1
    program = lowered(IMAGE, *nodes, twice, *HEAD)
    _, a, b, last, *_ = program.steps
    assert a.writes.buffer != b.writes.buffer == last.writes.buffer


def test_from_the_last_linear_layers_on_all_images_of_a_batch_go_together() -> None:
    more: list[Made] = [("act", Activate("relu"), ("fc",), (5,)), ("fc2", linear(2, 5), ("act",), (2,))]
    program = lowered(IMAGE, ("last", conv(4, 3), ("x",), (4, 6, 6)), *HEAD, *more)
    assert kinds(program)[program.tail :] == ["linear", "activate", "linear"]
    assert program.in_tail(program.result.buffer)
    assert not program.in_tail(program.steps[1].writes.buffer)


def test_a_net_that_answers_with_a_map_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"\(4, 6, 6\) at 'last'.*vector of logits"):
        lowered(IMAGE, ("last", conv(4, 3), ("x",), (4, 6, 6)))
