"""A graph in int8 before it becomes C: what its scales are found on, and which layers stay in float32."""

from collections.abc import Sequence
from pathlib import Path

import torch

from tombola.errors import RequestError
from tombola.graphs.graph import Graph
from tombola.graphs.int8.ranges import Clip
from tombola.graphs.int8.rounding import calibrated, calibrated_texts
from tombola.graphs.int8.sensitivity import Sensitivity, sensitivity
from tombola.graphs.tokens import TokenIds
from tombola.shown import IMAGES, Examples
from tombola.tasks._base import Task
from tombola.tasks._calibration import of_folder, of_task


def samples_of(graph: Graph, images: Path | None, task: Task | None) -> Examples:
    """Pictures of the folder where one is given, else training samples of the task; raises `RequestError`."""
    if isinstance(graph.input.op, TokenIds) and (task is None or images is not None):
        raise RequestError(
            "arithmetic=int8 needs texts to find its scales on; write --set task=text:FILE.csv, or another task of"
            " texts (images are of nets of images)"
        )
    if images is not None:
        return of_folder(images, graph.input.shape[-1])
    if task is not None:
        return of_task(task)
    raise RequestError(
        "arithmetic=int8 needs images to find its scales on; write --set images=FOLDER with some hundred pictures"
        " like those to come, or --set task=..."
    )


def rounded(graph: Graph, examples: Examples, clip: Clip, in_float32: Sequence[str]) -> Graph:
    """The graph in int8 but for the layers named; the one given stays as it is."""
    if isinstance(graph.input.op, TokenIds):
        return calibrated_texts(graph, examples.inputs, clip).in_cells(in_float32)
    return calibrated(graph, torch.from_numpy(examples.inputs[IMAGES]), clip).in_cells(in_float32)


def spared(
    graph: Graph, examples: Examples, clip: Clip, in_float32: Sequence[str], noise: float
) -> tuple[Graph, Sensitivity]:
    """The same, and in float32 too what rounding hurts most: ``noise`` is what may be left; with what was measured."""
    if isinstance(graph.input.op, TokenIds):
        raise RequestError(
            "sensitivity=measured is of nets of images, and this one reads texts; name layers that stay in float32"
            " by --set in_float32=[...]"
        )
    pixels = torch.from_numpy(examples.inputs[IMAGES])
    found = calibrated(graph, pixels, clip)
    hurt = sensitivity(found, pixels, noise, in_float32)
    return found.in_cells([*in_float32, *hurt.layers]), hurt
