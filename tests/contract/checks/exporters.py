"""What every exporter keeps: files that hold the masked model, written once, the model as it was."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from tests.fitting.toys import network

from tombola.errors import TombolaError
from tombola.exporters._base import Exporter
from tombola.masks.masks import Masks
from tombola.models.network import Network

from .room import Check, pruned, untouched


def exported(exporter: Exporter, model: Network, masks: Masks, out: Path) -> dict[str, bytes]:
    """The files written, by name within ``out``'s folder."""
    files = exporter.export(model, masks, out)
    assert files, "it wrote nothing"
    assert all(file.is_relative_to(out.parent) for file in files)
    assert all(isinstance(line, str) for line in exporter.told(files))
    return {str(file.relative_to(out.parent)): file.read_bytes() for file in files}


def of(exporter: Exporter, model: Network, masks: Masks) -> dict[str, bytes]:
    """In a folder of its own."""
    with TemporaryDirectory() as folder:
        return exported(exporter, model, masks, Path(folder) / f"out{exporter.SUFFIX}")


@cache
def first(exporter: Exporter) -> dict[str, bytes]:
    """The toy's files."""
    return of(exporter, network(), pruned(network()))


def it_writes_files_once_and_leaves_the_model_alone(exporter: Exporter) -> None:
    model = network()
    masks = pruned(model)
    with TemporaryDirectory() as folder:
        out = Path(folder) / f"out{exporter.SUFFIX}"
        with untouched(model):
            found = exported(exporter, model, masks, out)
        assert any(found.values()), "the files are empty"
        with pytest.raises(TombolaError):
            exporter.export(network(seed=1), masks, out)
        assert {name: (out.parent / name).read_bytes() for name in found} == found, "it wrote over its files"
    assert masks == pruned(model)


def other_weights_and_other_masks_are_other_files(exporter: Exporter) -> None:
    model = network()
    masks, fewer = pruned(model), pruned(model)["3.weight"]
    fewer.view(-1)[-1] = False
    assert of(exporter, network(seed=1), masks) != first(exporter), "another net gives the same files"
    assert of(exporter, model, Masks({**masks, "3.weight": fewer})) != first(exporter), "other masks, the same files"


def the_same_again_is_the_same_files_whatever_was_pruned(exporter: Exporter) -> None:
    """The value that a pruned weight had leaves no trace."""
    model = network()
    masks = pruned(model)
    with torch.no_grad():
        model.body.get_parameter("3.weight")[~masks["3.weight"]] = 0.5
    assert of(exporter, model, masks) == first(exporter)


CHECKS: tuple[Check, ...] = (
    it_writes_files_once_and_leaves_the_model_alone,
    other_weights_and_other_masks_are_other_files,
    the_same_again_is_the_same_files_whatever_was_pruned,
)
