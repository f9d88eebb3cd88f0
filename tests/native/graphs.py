"""Graphs by hand, and what is said of their programs."""

import torch

from tombola.graphs.graph import Graph, Node, Shape
from tombola.graphs.ops import Conv, Input, Linear, Op
from tombola.native.lowering import lower
from tombola.native.program import Program


def graph(shape: Shape, *nodes: tuple[str, Op, tuple[str, ...], Shape]) -> Graph:
    """An input called x and these nodes: name, operation, inputs, shape. The last one is the output."""
    made = [Node("x", Input(), (), shape), *(Node(*node) for node in nodes)]
    return Graph(tuple(made), made[-1].name)


def conv(outputs: int, inputs: int, kernel: int = 3, *, residual: bool = False) -> Conv:
    """A convolution of stride 1 that keeps height and width."""
    sides = (kernel // 2,) * 4
    return Conv(torch.ones(outputs, inputs, kernel, kernel), None, padding=sides, residual=residual)


def linear(outputs: int, inputs: int) -> Linear:
    return Linear(torch.ones(outputs, inputs), None)


def kinds(program: Program) -> list[str]:
    """What is called, in order."""
    return [step.kind for step in program.steps]


def lowered(shape: Shape, *nodes: tuple[str, Op, tuple[str, ...], Shape]) -> Program:
    """The program of `graph`."""
    return lower(graph(shape, *nodes))
